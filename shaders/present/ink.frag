uniform sampler2D atlas;
in vec2 texel;
in vec4 colour;
out vec4 result;

void main() { result = vec4(colour.rgb, colour.a * texelFetch(atlas, ivec2(texel), 0).r); }
