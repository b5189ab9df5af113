// An upright ring with pale bands, so that rolling shows.
float map(vec3 p) { p.y -= 0.45; return length(vec2(length(p.xy) - 0.325, p.z)) - 0.125; }
void surface(vec3 p, vec3 n, inout Paint paint) {
    float a = atan(p.y - 0.45, p.x);
    paint.albedo = mix(tint, accent, smoothstep(0.86, 0.92, cos(3.0 * a + 0.5)) * (n.z > -0.2 ? 1.0 : 0.0));
}
