// Bilinear interpolation as in RoIAlign: the four cells a point reads and their weights.
#pragma once

#include <c10/macros/Macros.h>

#include <cstdint>

namespace mmdet_plus {

template <typename T>
struct BilinearTaps {
  int64_t cell[4];  // y * width + x of (low y, low x), (low, high), (high, low), (high, high)
  T weight[4];
  T slope_x[4], slope_y[4];  // derivative of the weights by the position of the point

  // Of a point that is NaN: its bin becomes NaN, and no gradient flows.
  C10_HOST_DEVICE bool is_nan() const { return weight[0] != weight[0]; }
};

// One axis: the two cells, their weights, and the derivative of the second weight.
template <typename T>
struct LinearTaps {
  int64_t low, high;
  T low_weight, high_weight, slope;

  // `position` is in (-1, size), where cell i has its centre at i.
  C10_HOST_DEVICE LinearTaps(T position, int64_t size) : slope(position > T(0) ? T(1) : T(0)) {
    const T inside = position > T(0) ? position : T(0);
    low = static_cast<int64_t>(inside);
    if (low >= size - 1) {
      low = high = size - 1;
      high_weight = slope = T(0);
    } else {
      high = low + 1;
      high_weight = inside - static_cast<T>(low);
    }
    low_weight = T(1) - high_weight;
  }
};

// False where the point lies more than one cell outside the map, where it counts as 0.
// A NaN position reads cell 0 with weight NaN, wherever the other coordinate lies: it shows in the
// result, and in no other memory.
template <typename T>
C10_HOST_DEVICE inline bool bilinear_taps(T y, T x, int64_t height, int64_t width,
                                          BilinearTaps<T>& taps) {
  if (y != y || x != x) {
    for (int i = 0; i < 4; ++i) {
      taps.cell[i] = 0;
      taps.weight[i] = taps.slope_x[i] = taps.slope_y[i] = x + y;
    }
    return true;
  }
  if (y < T(-1) || y > static_cast<T>(height) || x < T(-1) || x > static_cast<T>(width)) {
    return false;
  }
  const LinearTaps<T> row(y, height), column(x, width);
  for (int i = 0; i < 4; ++i) {
    const bool high_y = i >= 2, high_x = i % 2 == 1;
    const T weight_y = high_y ? row.high_weight : row.low_weight;
    const T weight_x = high_x ? column.high_weight : column.low_weight;
    taps.cell[i] = (high_y ? row.high : row.low) * width + (high_x ? column.high : column.low);
    taps.weight[i] = weight_y * weight_x;
    taps.slope_y[i] = (high_y ? row.slope : -row.slope) * weight_x;
    taps.slope_x[i] = (high_x ? column.slope : -column.slope) * weight_y;
  }
  return true;
}

}  // namespace mmdet_plus
