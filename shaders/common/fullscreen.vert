// One triangle over the whole target. Row 0 of every texture is the image's top row, so nothing is flipped here.
void main() {
    vec2 corner = vec2((gl_VertexID << 1) & 2, gl_VertexID & 2);
    gl_Position = vec4(corner * 2.0 - 1.0, 0.0, 1.0);
}
