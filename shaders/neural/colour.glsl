// Spaces of the neural passes: see app/inference/channels.py. KNEE constants come from there as #defines.
#include "common/colour.glsl"

float peak(vec3 c) { return max(max(c.r, c.g), max(c.b, 0.0)); }

// Accumulation-space colour under an exposure `ratio` times as large: expand, scale, compress in one step.
vec3 reExpose(vec3 c, float ratio) { return c * (ratio / (1.0 + ACCUMULATION_KNEE * (ratio - 1.0) * peak(c))); }

// Accumulation space to feature space under an exposure `ratio` times as large.
vec3 toFeature(vec3 c, float ratio) {
    return c * (ratio / (1.0 + peak(c) * (FEATURE_KNEE * ratio - ACCUMULATION_KNEE)));
}
