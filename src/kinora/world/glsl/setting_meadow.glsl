// Rolling green hills, one round tree on the left, big daisies, one cloud.
const vec4 CROWN = vec4(-1.6, 1.5, -2.6, 0.74);
const vec4 CROWN2 = vec4(3.6, 1.5, -5.0, 0.9);
vec3 daisy(vec3 at, float r) { flower(at, r, vec3(0.95, 0.93, 0.88), vec3(1.0, 0.62, 0.05), 0.0); pole(at, 0.022, 0.0, at.y, vec3(0.1, 0.4, 0.08)); return at; }
vec3 setting() {
    haze = horizon;
    vec2 g = groundPoint();
    float patch_ = 0.5 + 0.5 * sin(g.x * 0.9 + 0.6 * sin(g.y * 0.7)) * exp(-0.03 * dot(g, g));
    ground(mix(vec3(0.13, 0.42, 0.07), vec3(0.22, 0.52, 0.09), patch_));
    ellipsoid(vec3(-5.5, -1.2, -13.0), vec3(7.0, 3.6, 4.0), vec3(0.14, 0.46, 0.12), 0.0);
    ellipsoid(vec3(5.5, -1.3, -15.0), vec3(8.0, 4.3, 4.0), vec3(0.25, 0.55, 0.14), 0.0);
    ellipsoid(vec3(-16.0, -1.2, -18.0), vec3(9.0, 5.0, 5.0), vec3(0.2, 0.5, 0.16), 0.0);
    ellipsoid(vec3(18.0, -1.2, -16.0), vec3(9.0, 4.4, 5.0), vec3(0.15, 0.48, 0.12), 0.0);
    pole(CROWN.xyz, 0.15, 0.0, 1.3, vec3(0.32, 0.17, 0.08));
    sphere(CROWN.xyz, CROWN.w, vec3(0.08, 0.36, 0.07), 0.0);
    sphere(vec3(-1.08, 1.18, -2.4), 0.42, vec3(0.12, 0.44, 0.08), 0.0);
    pole(CROWN2.xyz, 0.16, 0.0, 1.3, vec3(0.32, 0.17, 0.08));
    sphere(CROWN2.xyz, CROWN2.w, vec3(0.1, 0.4, 0.08), 0.0);
    daisy(vec3(1.2, 0.34, -1.0), 0.19);
    daisy(vec3(1.62, 0.5, -1.9), 0.21);
    daisy(vec3(-1.3, 0.3, -0.7), 0.18);
    daisy(vec3(-2.7, 0.4, -1.2), 0.2);
    vec3 c = stars(cloud(sky(), vec3(-0.06, 0.118, 0.0), 0.085));
    vec3 p = ro + rd * hit.t;
    return shade(c, ballShadow(p, CROWN) * ballShadow(p, CROWN2));
}
