// A quad in canvas pixels that shows a part of a picture.
uniform vec4 box;   // left, top, right, bottom in canvas pixels
uniform vec4 part;  // u0, v0, u1, v1
uniform vec2 canvas;
uniform float flip;  // -1: the target's row 0 is its bottom row
out vec2 uv;

void main() {
    vec2 corner = vec2(gl_VertexID & 1, gl_VertexID >> 1);
    uv = mix(part.xy, part.zw, corner);
    vec2 clip = mix(box.xy, box.zw, corner) / canvas * 2.0 - 1.0;
    gl_Position = vec4(clip.x, clip.y * flip, 0.0, 1.0);
}
