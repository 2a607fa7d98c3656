import cv2
import pytest
import torch

from mmdet_plus.analysis.head_correlation import plots as module

NAN = float('nan')
CORRELATIONS = [
    dict(head=head, size=size, proposals=9, pearson=value)
    for head, size, value in (
        ('fc', 'all', 0.6),
        ('fc', 'small', NAN),
        ('conv', 'all', 0.2),
        ('conv', 'small', NAN),
    )
]
BINS = [
    dict(
        quantity='score',
        head='fc',
        size='all',
        iou_low=low,
        iou_high=low + 0.5,
        proposals=count,
        mean=mean,
        std=0.1,
    )
    for low, count, mean in ((0.0, 3, 0.2), (0.5, 0, NAN))
]


@pytest.fixture
def axes(monkeypatch):
    """The panels that are drawn."""
    drawn, make = [], module.new_figure

    def remember(*args):
        figure, panels = make(*args)
        drawn.extend(panels)
        return figure, panels

    monkeypatch.setattr(module, 'new_figure', remember)
    return drawn


def test_bars_have_the_heights_of_the_rows(tmp_path, axes):
    module.plot_correlations(CORRELATIONS, tmp_path / 'c.png')
    heights = [bar.get_height() for bar in axes[0].patches]
    assert heights[0] == 0.6
    assert heights[2] == 0.2
    labels = [text.get_text() for text in axes[0].get_xticklabels()]
    assert labels == ['all', 'small']
    assert cv2.imread(str(tmp_path / 'c.png')) is not None
    # The legend stands below, where it covers no bar.
    assert axes[0].get_legend() is None
    (legend,) = axes[0].figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ['fc-head', 'conv-head']


def test_panels_stand_in_two_columns(tmp_path, axes):
    bins = [dict(BINS[0], size=size) for size in ('all', 'small', 'medium', 'large')]
    module.plot_bins(bins, 'score', tmp_path / 'b.png')
    assert [panel.get_subplotspec().colspan.start for panel in axes] == [0, 1, 0, 1]
    assert cv2.imread(str(tmp_path / 'b.png')).shape[1] < 600


def test_empty_bins_are_left_out(tmp_path, axes):
    module.plot_bins(BINS, 'score', tmp_path / 'b.png')
    (line, *_) = axes[0].get_lines()
    assert line.get_xydata().tolist() == [[0.25, 0.2]]
    module.plot_bins(BINS, 'regressed_iou', tmp_path / 'none.png')
    assert not axes[1].has_data()
    assert (tmp_path / 'none.png').exists()


def test_each_place_has_its_own_map(tmp_path, axes):
    matrix = torch.arange(16.0).view(4, 4) / 16
    module.plot_spatial_maps(dict(fc_weights=matrix), tmp_path / 's.png')
    picture = torch.as_tensor(axes[0].get_images()[0].get_array().data)
    # Place (0, 1) is row 1 of the matrix: the upper right block.
    torch.testing.assert_close(picture[:2, 2:], matrix[1].view(2, 2))
    torch.testing.assert_close(picture[2:, :2], matrix[2].view(2, 2))
    assert axes[0].get_title() == 'fc weights'
