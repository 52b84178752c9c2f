// For what the passes keep in textures: as it is where those are single floats (on a software renderer, see
// app/upscale/neural_targets.py), rounded where they are half floats.
#include "common/half.glsl"

#if SOFTWARE_RENDERER
vec4 kept(vec4 v) { return v; }
#else
vec4 kept(vec4 v) { return toHalf(v); }
#endif
