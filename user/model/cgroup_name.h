/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The names by which people know a cgroup: of a systemd unit, a container, a Kubernetes pod. From
 * its path alone, as systemd, Docker, Podman, containerd, CRI-O, LXC and the kubelet lay it out.
 */
#pragma once

/*
 * What stands for the path, to be freed; NULL when memory runs out. Without a name that is known it
 * is the path itself:
 *	/system.slice/nginx.service		nginx.service
 *	/user.slice/user-1000.slice/session-3.scope	user:1000/session-3.scope
 *	/system.slice/docker-3f4e5a6b7c8d....scope	docker:3f4e5a6b7c8d
 *	/kubepods/burstable/podUID/3f4e5a6b7c8d...	pod:UID/container:3f4e5a6b7c8d
 */
char *cgroup_name__of(const char *path);

/* The same when it is of a container or a virtual machine, otherwise NULL. */
char *cgroup_name__container(const char *path);
