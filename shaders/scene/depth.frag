#include "scene/blocks.glsl"
#include "scene/material.glsl"

void main() {
#ifdef ALPHA_MASK
    if (baseAndAlpha(0.0).a < emissiveCutoff.a) discard;
#endif
}
