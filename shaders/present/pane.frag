uniform sampler2D picture;  // display-ready sRGB, 8 bits
in vec2 uv;
out vec4 result;

void main() { result = vec4(texture(picture, uv).rgb, 1.0); }
