/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From a domain's name to a transport: through libvirt's plug, or through its SPICE server. */
#include "tools/libvirt_share.h"

#include "redir/transports/libvirt.h"
#include "redir/transports/socket.h"
#include "tools/library.h"

static void *find(const char *name, GError **error)
{
    return library_function("libcamredir-libvirt.so.0", name, "libvirt", "libvirt-dev", error);
}

static RedirTransport *open_spice(const RedirLibvirtSpice *found,
                                  const struct spice_options *options, GError **error)
{
    struct spice_options with_password = *options;

    with_password.known_password = found->password;
    g_message("%s is the way into this domain", found->address);
    return spice_share_open(found->address, &with_password, error);
}

RedirTransport *libvirt_share_open(const char *uri, const char *domain, RedirSpeeds speed,
                                   const struct spice_options *spice, GError **error)
{
    const RedirLibvirtTarget target = {uri, domain, speed};
    typeof(redir_libvirt_choose) *choose = find("redir_libvirt_choose", error);
    typeof(redir_libvirt_plug_new) *plug_new =
        choose != NULL ? find("redir_libvirt_plug_new", error) : NULL;
    RedirLibvirtSpice found = {NULL, NULL};

    if (plug_new == NULL || !choose(&target, &found, error))
        return NULL;
    RedirTransport *transport = found.address != NULL
                                    ? open_spice(&found, spice, error)
                                    : redir_socket_transport_new_plugged(plug_new(&target));
    g_free(found.address);
    g_free(found.password);
    return transport;
}
