namespace AmcEngine.Amc.Configuration;

/// <summary>
/// What the reference's files mean without saying it: its programs fix in code what follows here from the keys that
/// only their configurations have. A key that is given wins.
/// </summary>
internal static class ReferenceDefaults
{
    /// <summary>Words of a phrase that ALBEF's program for referring expressions keeps.</summary>
    private const int ReferringWords = 30;

    /// <summary>Adds values where the configuration is silent.</summary>
    /// <param name="values">The values so far.</param>
    /// <param name="notes">Gets a line for each key that is given and does nothing for that reason.</param>
    public static void Complete(Dictionary<string, object> values, ICollection<string> notes)
    {
        if (values.TryGetValue("dataset", out var dataset) && !dataset.Equals("annotations"))
            return;
        // Grounding.yaml: pictures resized as Pillow does, RandAugment, and a fine-tuning without masked words, to
        // which all phrases about a picture are right.
        if (values.ContainsKey("refcoco_data"))
        {
            values.TryAdd("max_words", ReferringWords);
            values.TryAdd("eval_resize", "bicubic");
            values.TryAdd("mlm_probability", 0.0);
            values.TryAdd("augmentation", "grounding");
            if (values.GetValueOrDefault("model") is not "clip")
                values.TryAdd("same_picture", "positive");
        }
        // SelfEQ's files: add_gcam has the map captured there, and no box is trained on.
        if (values.ContainsKey("relation_file"))
        {
            values.TryAdd("add_selfeq", true);
            if (values.GetValueOrDefault("add_gcam") is true)
                notes.Add("add_gcam has no effect here: with relation_file explanations are trained by synonyms, "
                    + "and not by boxes");
        }
    }
}
