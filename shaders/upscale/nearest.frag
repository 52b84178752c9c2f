// The LR sample that lies nearest to the display pixel's centre.
uniform sampler2D colour;
uniform vec2 renderPerDisplay;
uniform vec2 jitter;  // LR pixels
out vec4 result;

void main() {
    ivec2 last = textureSize(colour, 0) - 1;
    vec2 position = gl_FragCoord.xy * renderPerDisplay - jitter;
    result = vec4(texelFetch(colour, clamp(ivec2(floor(position)), ivec2(0), last), 0).rgb, 1.0);
}
