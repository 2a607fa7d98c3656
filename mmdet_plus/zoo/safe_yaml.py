"""Makes MMEngine read YAML files without running what is in them."""

from typing import IO, Any

import yaml
from mmengine.fileio import register_handler
from mmengine.fileio.handlers.yaml_handler import YamlHandler

from ..errors import UserError

# libyaml, where it is there, is ten times faster: each `mmdet::` base of a config makes
# MMEngine read a hundred metafiles.
Base: Any = getattr(yaml, 'CSafeLoader', yaml.SafeLoader)


class SafeLoader(Base):
    """Knows the types of YAML, and tuples, which MMEngine writes."""

    def _tuple(self, node: Any) -> tuple:
        return tuple(self.construct_sequence(node, deep=True))


SafeLoader.add_constructor('tag:yaml.org,2002:python/tuple', SafeLoader._tuple)


@register_handler(['yaml', 'yml'])
class SafeYamlHandler(YamlHandler):
    """MMEngine's handler builds any Python object that a file names."""

    def load_from_fileobj(self, file: IO, **kwargs: Any) -> Any:
        """Read a YAML document.

        Args:
            file: opened for reading.
            kwargs: not used; callers cannot ask for another loader.

        Raises:
            UserError: the file is no YAML, or asks for Python objects.
        """
        try:
            return yaml.load(file, SafeLoader)
        except yaml.YAMLError as error:
            name = getattr(file, 'name', 'the YAML text')
            reason = ' '.join(str(error).split())
            raise UserError(f'{name} cannot be read as plain YAML: {reason}') from None
