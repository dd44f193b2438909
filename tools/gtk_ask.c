/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The question whether a virtual machine may use the camera, over the window that shows it. */
#include "tools/gtk_ask.h"

struct question {
    AskAnswer answer;
    gpointer user;
    GtkToggleButton *remember;
};

/* ---- the window that shows the session ---- */

struct search {
    SpiceSession *session;
    gboolean found;
};

/* SpiceDisplay is of a library that we can do without: by its name, and a property of it. */
static void look_at(GtkWidget *widget, gpointer user)
{
    struct search *search = user;
    SpiceSession *session = NULL;
    if (g_strcmp0(G_OBJECT_TYPE_NAME(widget), "SpiceDisplay") == 0)
        g_object_get(widget, "session", &session, NULL);
    search->found |= session && session == search->session;
    g_clear_object(&session);
    if (!search->found && GTK_IS_CONTAINER(widget))
        gtk_container_forall(GTK_CONTAINER(widget), look_at, search);
}

/* Of several windows the one that is being used. NULL where there is none yet. */
static GtkWindow *find_window(SpiceSession *session)
{
    g_autoptr(GList) windows = gtk_window_list_toplevels();
    GtkWindow *best = NULL;
    for (GList *w = windows; w; w = w->next) {
        struct search search = {session, FALSE};
        look_at(w->data, &search);
        if (search.found && gtk_widget_get_visible(w->data) &&
            (!best || gtk_window_is_active(w->data)))
            best = w->data;
    }
    return best;
}

/* ---- the question ---- */

static void on_response(GtkDialog *dialog, int response, gpointer user)
{
    struct question *question = user;
    AskAnswer answer = question->answer;
    gpointer answer_user = question->user;
    gboolean remember = gtk_toggle_button_get_active(question->remember);
    gtk_widget_destroy(GTK_WIDGET(dialog));
    answer(response == GTK_RESPONSE_ACCEPT, remember, answer_user);
}

static void free_question(gpointer question, GClosure *closure)
{
    (void)closure;
    g_free(question);
}

GtkWidget *ask_new(SpiceSession *session, const char *machine, const char *camera, AskAnswer answer,
                   gpointer user)
{
    GtkWidget *dialog = gtk_message_dialog_new(
        find_window(session), GTK_DIALOG_DESTROY_WITH_PARENT, GTK_MESSAGE_QUESTION,
        GTK_BUTTONS_NONE, "The virtual machine wants to use the camera \"%s\"", camera);
    GtkWidget *remember = gtk_check_button_new_with_mnemonic("Do _not ask again in this session");
    struct question *question = g_new(struct question, 1);
    *question = (struct question){answer, user, GTK_TOGGLE_BUTTON(remember)};
    if (machine)
        gtk_message_dialog_format_secondary_text(GTK_MESSAGE_DIALOG(dialog), "Virtual machine: %s",
                                                 machine);
    gtk_window_set_title(GTK_WINDOW(dialog), "Camera");
    gtk_dialog_add_buttons(GTK_DIALOG(dialog), "_Refuse", GTK_RESPONSE_REJECT, "_Allow",
                           GTK_RESPONSE_ACCEPT, NULL);
    gtk_dialog_set_default_response(GTK_DIALOG(dialog), GTK_RESPONSE_REJECT);
    gtk_container_add(
        GTK_CONTAINER(gtk_message_dialog_get_message_area(GTK_MESSAGE_DIALOG(dialog))), remember);
    g_signal_connect_data(dialog, "response", G_CALLBACK(on_response), question, free_question, 0);
    gtk_widget_show_all(dialog);
    gtk_widget_grab_focus(
        gtk_dialog_get_widget_for_response(GTK_DIALOG(dialog), GTK_RESPONSE_REJECT));
    return dialog;
}
