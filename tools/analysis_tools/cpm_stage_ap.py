"""Measure what each stage of a trained CPM R-CNN finds, in one pass.

    python tools/analysis_tools/cpm_stage_ap.py CONFIG CHECKPOINT
    python tools/analysis_tools/cpm_stage_ap.py CONFIG CHECKPOINT \\
        --gammas none 0 0.2 0.4 0.6 0.8 1

Prints one row for each stage, as Tables 3 and 4 of the paper; ``--iou-thrs`` adds the
columns of Table 3. Boxes are those of the stage; the IoU scoring module joins the score
at the last stage, where it is. With ``--gammas`` the rows are weights of the fused
score (Fig. 7) at the last stage.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import torch
from mmengine.config import Config, ConfigDict
from mmengine.evaluator import Evaluator
from mmengine.runner import Runner
from mmengine.utils import track_iter_progress
from torch import nn
from torch.utils.data import DataLoader

from mmdet_plus.analysis.ap_by_iou import average_precisions
from mmdet_plus.cli.arguments import ToolParser
from mmdet_plus.cli.error_reporting import run_tool
from mmdet_plus.cli.preflight.checks import check_before_test, print_warnings
from mmdet_plus.cli.trained_detector import add_detector_arguments, load_detector
from mmdet_plus.errors import UserError
from mmdet_plus.models.roi_heads import CPMRoIHead


class Variant(NamedTuple):
    """One row: which boxes are read, and how they are scored."""

    name: str
    stage: int
    test_cfg: ConfigDict


def gamma_of(text: str) -> float | None:
    """A weight, or None for the score of the classification branch alone."""
    return None if text.lower() == 'none' else float(text)


def build_parser() -> ToolParser:
    """The arguments of this tool."""
    parser = ToolParser(description='AP of each stage of CPM R-CNN')
    add_detector_arguments(parser)
    parser.add_argument(
        '--gammas',
        nargs='+',
        type=gamma_of,
        help='weights of the fused score in [0, 1], or none: a row for each',
    )
    parser.add_argument(
        '--iou-thrs', nargs='+', type=float, default=(), help='also AP at these IoUs'
    )
    return parser


def variants_of(
    head: CPMRoIHead, gammas: Sequence[float | None] | None
) -> list[Variant]:
    """The rows: stages, or weights of the fused score."""
    cfg, last = head.test_cfg, head.num_stages
    if gammas is None:
        return [Variant(str(stage), stage, cfg) for stage in range(1, last + 1)]
    for gamma in gammas:
        if gamma is not None and not 0 <= gamma <= 1:
            raise UserError(f'--gammas: {gamma} is not in [0, 1]')
    return [
        Variant(
            'none' if gamma is None else f'{gamma:g}',
            last,
            ConfigDict({**cfg, 'gamma': gamma}),
        )
        for gamma in gammas
    ]


@torch.no_grad()
def evaluate_variants(
    model: nn.Module,
    loader: DataLoader,
    variants: Sequence[Variant],
    evaluators: Sequence[Evaluator],
) -> list[dict[str, float]]:
    """Metrics of each row, from one pass over the data."""
    head = model.roi_head
    stages = sorted({variant.stage for variant in variants})
    # With all scores, if any row needs them.
    gammas = [variant.test_cfg.get('gamma', 0.8) for variant in variants]
    gamma = next((own for own in gammas if own is not None), None)
    scored = ConfigDict({**head.test_cfg, 'gamma': gamma})
    for batch in track_iter_progress((loader, len(loader))):
        data = model.data_preprocessor(batch, False)
        samples = data['data_samples']
        feats = model.extract_feat(data['inputs'])
        proposals = model.rpn_head.predict(feats, samples, rescale=False)
        metas = [sample.metainfo for sample in samples]
        found = head.candidates(feats, metas, proposals, scored, stages)
        candidates = dict(zip(stages, found, strict=True))
        for variant, evaluator in zip(variants, evaluators, strict=True):
            own = candidates[variant.stage]
            results = head.rank(own, metas, variant.test_cfg, rescale=True)
            # Metrics keep copies: the samples can carry the next results.
            model.add_pred_to_datasample(samples, results)
            evaluator.process(samples, batch)
    return [evaluator.evaluate(len(loader.dataset)) for evaluator in evaluators]


def build_evaluator(cfg: Config, metainfo: dict, prefix: Path) -> Evaluator:
    """The config's, which leaves its boxes at ``prefix`` if it is COCO's."""
    metric = cfg.test_evaluator
    if isinstance(metric, dict) and metric.get('type') == 'CocoMetric':
        metric = {**metric, 'outfile_prefix': str(prefix)}
    evaluator = Evaluator(metric)
    evaluator.dataset_meta = metainfo
    return evaluator


def measure_variants(
    cfg: Config, model: nn.Module, variants: Sequence[Variant], iou_thrs: Sequence
) -> list[dict[str, float]]:
    """Metrics of each row, and ``AP0.6`` and so on for each overlap."""
    loader = Runner.build_dataloader(cfg.test_dataloader, seed=0)
    with TemporaryDirectory() as folder:
        prefixes = [Path(folder) / f'row{i}' for i in range(len(variants))]
        evaluators = [
            build_evaluator(cfg, loader.dataset.metainfo, prefix) for prefix in prefixes
        ]
        metrics = evaluate_variants(model, loader, variants, evaluators)
        for prefix, row in zip(prefixes, metrics, strict=True):
            results = Path(f'{prefix}.bbox.json')
            if iou_thrs and results.is_file():
                ann_file = cfg.test_evaluator.ann_file
                values = average_precisions(ann_file, results, iou_thrs)
                pairs = zip(iou_thrs, values, strict=True)
                row.update({f'AP{thr:g}': value for thr, value in pairs})
    return metrics


def report(title: str, rows: Sequence[str], metrics: list[dict[str, float]]) -> None:
    """Print one table."""
    keys = list(dict.fromkeys(key for row in metrics for key in row))
    if not keys:
        raise UserError('no stage finds anything: is the checkpoint trained?')
    print(f'| {title} | ' + ' | '.join(key.split('/')[-1] for key in keys) + ' |')
    print('|' + ' --- |' * (len(keys) + 1))
    for name, row in zip(rows, metrics, strict=True):
        # A row that finds nothing has no metrics.
        cells = [f'{row[key]:.3f}' if key in row else '-' for key in keys]
        print(f'| {name} | ' + ' | '.join(cells) + ' |')


def measure(argv: Sequence[str] | None) -> None:
    """Parse the arguments, test all rows in one pass and print what they find."""
    args = build_parser().parse_args(argv)
    cfg, model = load_detector(args)
    head = getattr(model, 'roi_head', None)
    if not isinstance(head, CPMRoIHead):
        raise UserError(
            f'{args.config}: the roi_head must be CPMRoIHead, got {type(head).__name__}'
        )
    cfg.load_from = args.checkpoint
    print_warnings(check_before_test(cfg))
    variants = variants_of(head, args.gammas)
    metrics = measure_variants(cfg, model, variants, args.iou_thrs)
    names = [variant.name for variant in variants]
    report('stage' if args.gammas is None else 'gamma', names, metrics)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the tool; see ``run_tool`` for the exit status."""
    return run_tool(measure, argv)


if __name__ == '__main__':
    sys.exit(main())
