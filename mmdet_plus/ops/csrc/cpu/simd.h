// Loops over contiguous memory are compiled for several instruction sets; the fitting one is
// chosen when the library is loaded, so that one wheel runs everywhere and fast where it can.
#pragma once

#if defined(__x86_64__) && defined(__linux__) && defined(__GNUC__) && !defined(__clang__)
#define MMDET_PLUS_SIMD \
  __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define MMDET_PLUS_SIMD
#endif
