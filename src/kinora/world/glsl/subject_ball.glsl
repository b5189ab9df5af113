// A toy ball: a white band over the top and a star on either side, so that rolling and spinning show.
float map(vec3 p) { return ball(p, vec3(0.0, 0.45, 0.0), 0.45); }
void surface(vec3 p, vec3 n, inout Paint paint) {
    float band = smoothstep(0.095, 0.075, abs(n.x));
    float a = atan(n.y, n.z), r = length(n.yz);
    float star = smoothstep(0.03, -0.03, r - 0.3 - 0.14 * cos(5.0 * a)) * step(0.3, abs(n.x));
    paint.albedo = mix(tint, accent, max(band, star));
}
