_base_ = '../baselines/ssd320_r18_1x_shapes.py'
