#version 330
// A rectangle in clip units: the whole frame, or just the subject's bounds.
uniform vec4 bounds;     // left, bottom, right, top
out vec2 clip;
void main() {
    vec2 corner = vec2(gl_VertexID & 1, gl_VertexID >> 1);
    clip = mix(bounds.xy, bounds.zw, corner);
    gl_Position = vec4(clip, 0.0, 1.0);
}
