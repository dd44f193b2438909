/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The end of what was found out. */
#include "tools/doctor.h"

void doctor_camera_clear(struct doctor_camera *camera)
{
    char *texts[] = {camera->why, camera->path, camera->name, camera->group};
    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
        g_free(texts[i]);
    g_clear_pointer(&camera->holders, g_ptr_array_unref);
    *camera = (struct doctor_camera){0};
}

void doctor_facts_clear(struct doctor_facts *facts)
{
    char *texts[] = {facts->way,         facts->where,           facts->visit,    facts->qemu.why,
                     facts->qemu.status, facts->qemu.spice.host, facts->link.why, facts->link.peer};
    GArray *arrays[] = {facts->qemu.controllers, facts->qemu.ports};
    doctor_camera_clear(&facts->camera);
    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
        g_free(texts[i]);
    for (gsize i = 0; i < G_N_ELEMENTS(arrays); i++)
        g_clear_pointer(&arrays[i], g_array_unref);
}
