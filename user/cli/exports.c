// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/exports.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "cli/options.h"
#include "cli/output.h"
#include "report/render.h"

int exports__open(struct exports *out, const struct options *options, const struct identity *user)
{
	struct exports opened = {.options = options};
	int err = 0;

	opened.outputs = calloc(options->exports_len + 1, sizeof(*opened.outputs));
	if (!opened.outputs) {
		log__error("exports: %s", strerror(ENOMEM));
		return -ENOMEM;
	}
	for (size_t i = 0; !err && i < options->exports_len; i++) {
		err = output__open(&opened.outputs[i], options->exports[i].path, user);
		opened.len = i + 1;
	}
	if (err) {
		exports__discard(&opened);
		return err;
	}
	*out = opened;
	return 0;
}

bool exports__use_stdout(const struct exports *exports)
{
	for (size_t i = 0; i < exports->len; i++)
		if (output__is_descriptor(exports->outputs[i], 1))
			return true;
	return false;
}

static int write_one(struct output *output, const struct export *export,
		     const struct report *report, const struct render_options *render)
{
	FILE *stream = output__stream(output);
	int err = stream ? 0 : -EIO;

	if (!err) {
		err = render__find(export->format)->render(report, render, stream);
		if (err)
			log__error("%s: cannot write the %s: %s", export->path, export->format,
				   strerror(-err));
	}
	if (!err)
		return output__commit(output);
	output__discard(output);
	return err;
}

int exports__write(struct exports *exports, const struct report *report,
		   const struct render_options *render)
{
	int first = 0;

	for (size_t i = 0; i < exports->len; i++) {
		int err = write_one(exports->outputs[i], &exports->options->exports[i], report,
				    render);

		exports->outputs[i] = NULL;
		if (!first)
			first = err;
	}
	exports__discard(exports);
	return first;
}

void exports__discard(struct exports *exports)
{
	for (size_t i = 0; i < exports->len; i++)
		output__discard(exports->outputs[i]);
	free(exports->outputs);
	*exports = EXPORTS_INIT;
}
