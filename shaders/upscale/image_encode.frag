// LR colour to image space (app/inference/image_space.py): exposed, c / (1 + KNEE max(c)), square root. It is read
// back as half floats, four a pixel, which is the network's input tensor.
#include "common/colour.glsl"
#include "common/half.glsl"
uniform sampler2D colour;  // scene-linear before exposure
uniform float exposure;
out vec4 image;

void main() {
    vec3 exposed = clamp(texelFetch(colour, ivec2(gl_FragCoord.xy), 0).rgb, 0.0, 65504.0) * exposure;
    image = vec4(toHalf(sqrt(rangeCompress(exposed, KNEE))), 0.0);
}
