// A squat egg with horns, raised arms and one big open mouth full of teeth.
float eyes(vec3 q) { return ball(q, vec3(0.125, 0.72, 0.25), 0.12); }
float horns(vec3 q) { return limb(q, vec3(0.24, 0.84, 0.0), vec3(0.4, 1.05, 0.02), 0.085, 0.015); }
float map(vec3 p) {
    vec3 q = mirror(p);
    float d = egg(p, vec3(0.0, 0.47, 0.0), vec3(0.47, 0.46, 0.38));
    float mouth = egg(p, vec3(0.0, 0.36, 0.4), vec3(0.29, 0.18, 0.16));
    d = max(d, -mouth);
    d = min(d, egg(q, vec3(0.2, 0.06, 0.1), vec3(0.15, 0.075, 0.22)));
    d = blend(d, limb(q, vec3(0.4, 0.42, 0.05), vec3(0.66, 0.66, 0.12), 0.09, 0.075), 0.06);
    d = min(d, ball(q, vec3(0.68, 0.69, 0.12), 0.1));
    d = min(d, horns(q));
    return min(d, eyes(q));
}
void surface(vec3 p, vec3 n, inout Paint paint) {
    vec3 q = mirror(p);
    if (eyes(q) < 0.006) { eyeball(q, vec3(0.125, 0.72, 0.25), 0.12, paint); return; }
    if (horns(q) < 0.02 && p.y > 0.85) { paint.albedo = vec3(0.93, 0.8, 0.55); return; }
    // Inside the mouth: dark red, a tongue, two rows of teeth.
    vec3 m = (p - vec3(0.0, 0.36, 0.4)) / vec3(0.29, 0.18, 0.16);
    if (length(m) < 1.07 && p.z > 0.2) {
        paint.albedo = mix(vec3(0.2, 0.01, 0.03), vec3(0.85, 0.2, 0.25), smoothstep(0.1, -0.1, length(m.xy - vec2(0.0, -0.75)) - 0.6));
        float saw = abs(fract(m.x * 2.0) - 0.5) * 0.9;
        float edge = sqrt(max(1.0 - m.x * m.x, 0.0));
        if (m.y > edge - 0.55 + saw * 0.75 && abs(m.x) < 0.93) paint.albedo = vec3(0.95, 0.93, 0.85);
        paint.fuzz = 0.0;
        return;
    }
    // Spots on the sides and the back.
    float spots = min(length(q - vec3(0.42, 0.62, -0.12)), min(length(q - vec3(0.2, 0.66, -0.36)), length(q - vec3(0.18, 0.3, -0.36))));
    paint.albedo = mix(tint, accent, 0.7 * smoothstep(0.115, 0.095, spots));
}
