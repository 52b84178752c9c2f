// A soft disc. With MOTION: the motion of its opaque core, where the particle hides what lies behind.
#include "scene/blocks.glsl"
#include "scene/motion.glsl"

in vec2 v_corner;
in vec4 v_tint;
in vec3 v_previousClip;

#ifdef MOTION
layout(location = 0) out vec2 out_motion;
#else
layout(location = 0) out vec4 out_colour;
layout(location = 1) out vec4 out_reactive;
uniform float additive;
#endif

void main() {
    float falloff = clamp(2.0 - 2.0 * length(v_corner), 0.0, 1.0);
    float cover = falloff * falloff * (3.0 - 2.0 * falloff) * v_tint.a;
#ifdef MOTION
    if (cover < 0.5) discard;
    out_motion = motionTo(v_previousClip);
#else
    out_colour = vec4(v_tint.rgb * cover, cover * (1.0 - additive));
    float seen = min(cover * max(1.0 - additive, max(v_tint.r, max(v_tint.g, v_tint.b))), 1.0) * 0.9;
    out_reactive = vec4(seen, 0.0, 0.0, seen);
#endif
}
