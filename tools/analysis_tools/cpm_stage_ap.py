"""Measure what each stage of a trained CPM R-CNN finds, in one pass.

    python tools/analysis_tools/cpm_stage_ap.py CONFIG CHECKPOINT

Prints one row for each stage, as Tables 3 and 4 of the paper. Boxes are those of the
stage; the IoU scoring module joins the score at the last stage, where it is.
"""

import sys
from collections.abc import Sequence

import torch
from mmengine.evaluator import Evaluator
from mmengine.runner import Runner
from mmengine.utils import track_iter_progress
from torch import nn
from torch.utils.data import DataLoader

from mmdet_plus.cli.arguments import ToolParser
from mmdet_plus.cli.error_reporting import run_tool
from mmdet_plus.cli.preflight.checks import check_before_test, print_warnings
from mmdet_plus.cli.trained_detector import add_detector_arguments, load_detector
from mmdet_plus.errors import UserError
from mmdet_plus.models.roi_heads import CPMRoIHead


def build_parser() -> ToolParser:
    """The arguments of this tool."""
    parser = ToolParser(description='AP of each stage of CPM R-CNN')
    add_detector_arguments(parser)
    return parser


@torch.no_grad()
def evaluate_stages(
    model: nn.Module, loader: DataLoader, evaluators: Sequence[Evaluator]
) -> list[dict[str, float]]:
    """Metrics of the first stage, the second and so on."""
    stages = range(1, len(evaluators) + 1)
    head = model.roi_head
    for batch in track_iter_progress((loader, len(loader))):
        data = model.data_preprocessor(batch, False)
        samples = data['data_samples']
        feats = model.extract_feat(data['inputs'])
        proposals = model.rpn_head.predict(feats, samples, rescale=False)
        metas = [sample.metainfo for sample in samples]
        found = head.candidates(feats, metas, proposals, head.test_cfg, stages)
        for evaluator, candidates in zip(evaluators, found, strict=True):
            results = head.rank(candidates, metas, head.test_cfg, rescale=True)
            # Metrics keep copies: the samples can carry the next results.
            model.add_pred_to_datasample(samples, results)
            evaluator.process(samples, batch)
    return [evaluator.evaluate(len(loader.dataset)) for evaluator in evaluators]


def report(metrics: list[dict[str, float]]) -> None:
    """Print one table."""
    names = list(dict.fromkeys(name for row in metrics for name in row))
    if not names:
        raise UserError('no stage finds anything: is the checkpoint trained?')
    print('| stage | ' + ' | '.join(name.split('/')[-1] for name in names) + ' |')
    print('|' + ' --- |' * (len(names) + 1))
    for stage, row in enumerate(metrics, start=1):
        # A stage that finds nothing has no metrics.
        cells = [f'{row[name]:.3f}' if name in row else '-' for name in names]
        print(f'| {stage} | ' + ' | '.join(cells) + ' |')


def measure(argv: Sequence[str] | None) -> None:
    """Parse the arguments, test all stages and print what they find."""
    args = build_parser().parse_args(argv)
    cfg, model = load_detector(args)
    head = getattr(model, 'roi_head', None)
    if not isinstance(head, CPMRoIHead):
        raise UserError(
            f'{args.config}: the roi_head must be CPMRoIHead, got {type(head).__name__}'
        )
    cfg.load_from = args.checkpoint
    print_warnings(check_before_test(cfg))
    loader = Runner.build_dataloader(cfg.test_dataloader, seed=0)
    evaluators = [Evaluator(cfg.test_evaluator) for _ in range(head.num_stages)]
    for evaluator in evaluators:
        evaluator.dataset_meta = loader.dataset.metainfo
    report(evaluate_stages(model, loader, evaluators))


def main(argv: Sequence[str] | None = None) -> int:
    """Run the tool; see ``run_tool`` for the exit status."""
    return run_tool(measure, argv)


if __name__ == '__main__':
    sys.exit(main())
