// Short vectors of floats (GCC's and clang's vector extension) and what is calculated with them.
#pragma once

#include <cstdint>
#include <cstring>

namespace passes {

using Lane = float __attribute__((vector_size(16), aligned(4)));  // the channels of one history pixel

inline Lane load(const float* from) {
    Lane value;
    std::memcpy(&value, from, sizeof value);
    return value;
}

inline void add(float* to, Lane value) {
    value += load(to);
    std::memcpy(to, &value, sizeof value);
}

constexpr int WIDTH = 8;
using Wide = float __attribute__((vector_size(4 * WIDTH), aligned(4)));  // so many history pixels of a row at once

inline Wide wide(const float* from) {
    Wide value;
    std::memcpy(&value, from, sizeof value);
    return value;
}

inline void put(float* to, Wide value) { std::memcpy(to, &value, sizeof value); }

// Where `a` is not a number, so is the answer.
inline Wide larger(Wide a, Wide b) { return a < b ? b : a; }

inline Wide smaller(Wide a, Wide b) { return a > b ? b : a; }

inline Wide larger(Wide a, float b) { return larger(a, Wide{} + b); }

inline Wide smaller(Wide a, float b) { return smaller(a, Wide{} + b); }

inline float dot3(Lane a, Lane b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }

// exp(x) for x <= 0, to 3e-7 of its value.
inline Wide exponential(Wide x) {
    using Whole = std::int32_t __attribute__((vector_size(4 * WIDTH)));
    const Wide octaves = larger(x * 1.44269504f, -120.0f);
    const Whole whole = __builtin_convertvector(octaves - 0.5f, Whole);
    const Wide part = (octaves - __builtin_convertvector(whole, Wide)) * 0.69314718f;
    const Wide power = 1.0f + part * (1.0f + part * (0.5f + part * (0.16666667f + part * (0.041666667f +
                       part * (0.0083333333f + part * 0.0013888889f)))));
    const Whole bits = (whole + 127) << 23;
    return power * (Wide)bits;
}

// What bilinear interpolation gives a sample at that distance.
inline Wide tent(Wide x) { return larger(1.0f - larger(x, -x), 0.0f); }

}  // namespace passes
