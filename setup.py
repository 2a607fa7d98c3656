"""Build and packaging of mmdet_plus; docs/get_started.md explains the options."""

import os
import shutil
from pathlib import Path

from setuptools import Command, find_packages, setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).parent
CSRC = Path('mmdet_plus') / 'ops' / 'csrc'


def read_version() -> str:
    namespace: dict = {}
    exec((ROOT / 'mmdet_plus' / 'version.py').read_text(), namespace)
    return namespace['__version__']


class BuildPyWithMim(build_py):
    """Ship configs and tools under ``mmdet_plus/.mim``, as MMDetection does."""

    def run(self) -> None:
        super().run()
        if self.editable_mode:
            mim, place = ROOT / 'mmdet_plus' / '.mim', self._link
        else:
            mim, place = Path(self.build_lib) / 'mmdet_plus' / '.mim', self._copy
        shutil.rmtree(mim, ignore_errors=True)
        mim.mkdir(parents=True)
        for name in ('configs', 'tools', 'model-index.yml'):
            place(ROOT / name, mim / name)

    @staticmethod
    def _copy(source: Path, target: Path) -> None:
        copy = shutil.copytree if source.is_dir() else shutil.copyfile
        copy(source, target)

    @staticmethod
    def _link(source: Path, target: Path) -> None:
        target.symlink_to(os.path.relpath(source, target.parent))


def wants_cuda() -> bool:
    """CUDA ops need a toolkit and a CUDA build of torch; FORCE_CUDA=1 insists."""
    import torch
    from torch.utils.cpp_extension import CUDA_HOME

    found = CUDA_HOME is not None and torch.version.cuda is not None
    return found or os.environ.get('FORCE_CUDA') == '1'


def op_extension() -> tuple[list, dict[str, type[Command]]]:
    """Extension modules and build commands; empty without torch or when unwanted."""
    if os.environ.get('MMDET_PLUS_WITH_OPS', '1') == '0':
        return [], {}
    try:
        from torch.utils.cpp_extension import (
            BuildExtension,
            CppExtension,
            CUDAExtension,
        )
    except ImportError:
        print('torch is not installed: building mmdet_plus without compiled ops')
        return [], {}
    cuda = wants_cuda()
    sources = [*CSRC.glob('*.cpp'), *CSRC.glob('cpu/*.cpp')]
    sources += CSRC.glob('cuda/*.cu') if cuda else []
    extension = (CUDAExtension if cuda else CppExtension)(
        'mmdet_plus.ops._C',
        sorted(str(path) for path in sources),
        include_dirs=[str(ROOT / CSRC)],
        extra_compile_args=dict(cxx=['-O3', '-g0', '-fopenmp'], nvcc=['-O3']),
        extra_link_args=['-fopenmp'],
        py_limited_api=True,
    )
    return [extension], {'build_ext': BuildExtension}


extensions, build_commands = op_extension()
setup(
    name='mmdet_plus',
    version=read_version(),
    description='D2Det, CPM R-CNN, DCR, RefineDet and Double-Head for MMDetection',
    long_description=(ROOT / 'README.md').read_text(),
    long_description_content_type='text/markdown',
    license='Apache-2.0',
    python_requires='>=3.10',
    packages=find_packages(include=['mmdet_plus', 'mmdet_plus.*']),
    package_data={
        'mmdet_plus.analysis.data_check': ['*.jinja'],
        'mmdet_plus.analysis.report': ['page/*.jinja'],
        'mmdet_plus.ops': ['csrc/**/*'],
        'mmdet_plus.zoo': ['weights/*'],
    },
    ext_modules=extensions,
    cmdclass={'build_py': BuildPyWithMim, **build_commands},
    install_requires=[
        'torch>=2.4',
        'onedl-mmengine>=0.10.12',
        'onedl-mmcv>=2.3.6',
        'onedl-mmdetection>=3.5.1',
        'filelock',
        'jinja2',
        'matplotlib',
        'numpy',
        'opencv-python',
        'packaging',
        'pillow',
        'pycocotools',
        'pyyaml',
        'scipy',
        'tqdm',
    ],
    extras_require={
        'deploy': ['onnx', 'onnxruntime', 'onnxscript'],
        'zoo': ['gdown>=6', 'protobuf', 'safetensors'],
        'web': ['gradio>=6'],
        'docs': ['mkdocs-material>=9.6', 'mkdocstrings[python]>=0.29'],
        'tests': [
            'check-jsonschema',
            'gdown>=6',
            'gradio>=6',
            'onnx',
            'onnxruntime',
            'onnxscript',
            'protobuf',
            'pytest>=8',
            'pytest-xdist',
            'safetensors',
            'selenium',
            'tidecv',
        ],
        'dev': ['clang-format==18.1.8', 'mypy==1.18.2', 'ruff==0.14.5'],
    },
    entry_points={'console_scripts': ['mmdet_plus = mmdet_plus.cli.commands:main']},
    zip_safe=False,
)
