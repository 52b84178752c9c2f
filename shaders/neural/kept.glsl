// For what the passes keep in textures: rounded where those are half floats, as it is where they are single floats.
#include "common/half.glsl"

#if KEPT_HALF
vec4 kept(vec4 v) { return toHalf(v); }
#else
vec4 kept(vec4 v) { return v; }
#endif
