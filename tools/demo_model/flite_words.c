/* Speak lines from stdin and tell where each word lies.
 *
 * in:  voice TAB stretch TAB pitch_hz (0: the voice's own) TAB text NEWLINE
 * out: rate samples words start end start end ... NEWLINE, then the samples, 16-bit native
 */
#include <flite/flite.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

cst_voice *register_cmu_us_awb(const char *);
cst_voice *register_cmu_us_kal(const char *);
cst_voice *register_cmu_us_kal16(const char *);
cst_voice *register_cmu_us_rms(const char *);
cst_voice *register_cmu_us_slt(const char *);

static const char *const NAMES[] = {"awb", "kal", "kal16", "rms", "slt"};
enum { VOICES = sizeof NAMES / sizeof NAMES[0], LONGEST_LINE = 4096 };

static cst_voice *find_voice(cst_voice *const *voices, const char *name) {
    for (int i = 0; i < VOICES; i++)
        if (strcmp(NAMES[i], name) == 0) return voices[i];
    fprintf(stderr, "flite_words: no voice %s\n", name);
    exit(2);
}

static void write_words(const cst_utterance *spoken) {
    const cst_item *token = relation_head(utt_relation(spoken, "Token"));
    int count = 0;
    for (const cst_item *t = token; t; t = item_next(t)) count++;
    printf(" %d", count);
    for (; token; token = item_next(token))
        printf(" %.3f %.3f",
               ffeature_float(token, "daughter1.R:SylStructure.daughter1.daughter1.R:Segment.p.end"),
               ffeature_float(token, "daughtern.R:SylStructure.daughtern.daughtern.R:Segment.end"));
    putchar('\n');
}

static void speak(cst_voice *voice, double stretch, double pitch_hz, const char *text) {
    feat_set_float(voice->features, "duration_stretch", (float)stretch);
    if (pitch_hz > 0) feat_set_float(voice->features, "int_f0_target_mean", (float)pitch_hz);
    cst_utterance *spoken = flite_synth_text(text, voice);
    const cst_wave *wave = utt_wave(spoken);
    size_t samples = (size_t)wave->num_samples * (size_t)wave->num_channels;
    printf("%d %zu", wave->sample_rate, samples);
    write_words(spoken);
    fwrite(wave->samples, sizeof wave->samples[0], samples, stdout);
    fflush(stdout);
    delete_utterance(spoken);
}

int main(void) {
    flite_init();
    cst_voice *const voices[VOICES] = {register_cmu_us_awb(0), register_cmu_us_kal(0),
                                       register_cmu_us_kal16(0), register_cmu_us_rms(0),
                                       register_cmu_us_slt(0)};
    char line[LONGEST_LINE];
    while (fgets(line, sizeof line, stdin)) {
        const char *name = strtok(line, "\t"), *stretch = strtok(NULL, "\t");
        const char *pitch = strtok(NULL, "\t"), *text = strtok(NULL, "\n");
        if (!text) return 2;
        speak(find_voice(voices, name), atof(stretch), atof(pitch), text);
    }
    return 0;
}
