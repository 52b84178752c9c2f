// Canvas pixels (y down) to clip space. Colours are sRGB values, written as they are to an 8-bit target.
in vec2 in_position;
in vec2 in_texel;
in vec4 in_colour;
uniform vec2 canvas;
uniform float flip;  // -1: the target's row 0 is its bottom row
out vec2 texel;
out vec4 colour;

void main() {
    vec2 clip = in_position / canvas * 2.0 - 1.0;
    gl_Position = vec4(clip.x, clip.y * flip, 0.0, 1.0);
    texel = in_texel;
    colour = in_colour;
}
