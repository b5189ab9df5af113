// Two balls of tinted snow, a carrot nose, coal eyes and buttons, twig arms, a scarf.
float scarf(vec3 p) { return min(hoop(p, vec3(0.0, 0.63, 0.0), 0.215, 0.068), limb(p, vec3(0.15, 0.6, 0.2), vec3(0.2, 0.36, 0.36), 0.065, 0.075)); }
float nose(vec3 p) { return limb(p, vec3(0.0, 0.82, 0.2), vec3(0.0, 0.8, 0.5), 0.055, 0.012); }
float map(vec3 p) {
    vec3 q = mirror(p);
    float d = min(egg(p, vec3(0.0, 0.32, 0.0), vec3(0.41, 0.345, 0.39)), ball(p, vec3(0.0, 0.84, 0.0), 0.27));
    d = min(d, limb(q, vec3(0.34, 0.44, 0.05), vec3(0.68, 0.68, 0.1), 0.035, 0.028));
    d = min(d, limb(q, vec3(0.55, 0.59, 0.08), vec3(0.7, 0.56, 0.12), 0.028, 0.022));
    return min(min(d, scarf(p)), nose(p));
}
void surface(vec3 p, vec3 n, inout Paint paint) {
    vec3 q = mirror(p);
    paint.albedo = mix(tint, vec3(0.95), 0.05);
    if (nose(p) < 0.006) paint.albedo = vec3(1.0, 0.32, 0.02);
    else if (scarf(p) < 0.006) paint.albedo = tint * vec3(0.5, 0.5, 0.56);
    else if (q.x > 0.3 && p.y > 0.36 && length(p - vec3(0.0, 0.32, 0.0)) > 0.42) paint.albedo = vec3(0.2, 0.1, 0.05);
    else if (p.z > 0.0) {
        float coal = min(length(q.xy - vec2(0.1, 0.9)) - 0.052, min(length(p.xy - vec2(0.0, 0.42)), length(p.xy - vec2(0.0, 0.24))) - 0.045);
        paint.albedo = mix(paint.albedo, vec3(0.025), smoothstep(0.01, -0.01, coal));
        paint.albedo = mix(paint.albedo, vec3(1.2), smoothstep(0.022, 0.012, length(q.xy - vec2(0.115, 0.92))));
        float smile = abs(length(p.xy - vec2(0.0, 0.83)) - 0.13) - 0.016;
        if (p.y < 0.775 && p.y > 0.6) paint.albedo = mix(paint.albedo, vec3(0.03), smoothstep(0.008, -0.008, smile) * step(q.x, 0.11));
    }
}
