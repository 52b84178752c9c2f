// A method's linear picture to the 8-bit sRGB picture that panes show. Same size, texel for texel.
#include "present/tone_curve.glsl"
uniform sampler2D colour;
uniform float exposure;
uniform int filmic;  // 0: clip, as the image metrics do
out vec4 result;

void main() {
    vec3 c = texelFetch(colour, ivec2(gl_FragCoord.xy), 0).rgb;
    // A broken method may write NaN: magenta is seen, and is nothing else.
    if (any(isnan(c))) { result = vec4(1.0, 0.0, 1.0, 1.0); return; }
    c = clamp(c * exposure, 0.0, 6.0e4);
    result = vec4(srgbEncode(filmic != 0 ? filmicCurve(c) : clamp(c, 0.0, 1.0)), 1.0);
}
