using AmcEngine.Amc.Configuration;

namespace AmcEngine.Tests.Fuzz;

/// <summary>Words of the formats (one byte a character), which random bytes would hardly ever spell.</summary>
internal static class FuzzTokens
{
    private static readonly string[] Json =
        ["{", "}", "[", "]", ",", ":", "\"", "null", "true", "false", "\\u0000", "\\ud800", "\\n", "NaN", "-Infinity",
            "1e999", "-0", "1e-400", "0.1", "\"\":", "\xef\xbb\xbf", "//", "\xff"];

    public static string[] Safetensors { get; } =
    [
        .. Json, "\"dtype\":", "\"shape\":", "\"data_offsets\":", "\"__metadata__\":", "\"F32\"", "\"F64\"", "\"F16\"",
        "\"BF16\"", "\"I64\"", "\"I8\"", "\"BOOL\"", "\"F8_E4M3\"", "[0,0]", "[]", "[0]", "[9223372036854775807]",
        "[4294967296,4294967296]", "\"x\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]},",
    ];

    public static string[] Pickle { get; } =
    [
        "\x80\x02", ".", "(", "t", "R", "q\0", "h\0", "Q", "}", "]", ")", "\x85", "\x86", "\x87", "N", "\x88", "\x89",
        "K\0", "J\xff\xff\xff\xff", "M\xff\xff", "\x8a\x01\x80", "\x8a\0", "s", "u", "a", "e", "b", "0", "1", "2",
        "\x94", "\x95\0\0\0\0\0\0\0\0", "X\0\0\0\0", "\x8c\0", "G\x7f\xf8\0\0\0\0\0\0", "I01\n", "L1L\n", "F1e999\n",
        "p0\n", "g0\n", "\x81", "\x93", "ctorch._utils\n_rebuild_tensor_v2\n", "ctorch._utils\n_rebuild_tensor_v3\n",
        "ctorch._utils\n_rebuild_parameter\n", "ctorch\nFloatStorage\n", "ctorch\nLongStorage\n",
        "ctorch\nBoolStorage\n", "ctorch.storage\nUntypedStorage\n", "ccollections\nOrderedDict\n", "ctorch\nSize\n",
        "ctorch\ndevice\n", "cnumpy\ndtype\n", "cnumpy.core.multiarray\nscalar\n", "c_codecs\nencode\n",
        "c__builtin__\nset\n", "c__builtin__\ndict\n", "cos\nsystem\n", "ctorch\nfloat16\n", "X\x05\0\0\0model",
        "X\x07\0\0\0storage", "X\x0a\0\0\0state_dict", "PK\x03\x04", "PK\x01\x02", "PK\x05\x06", "PK\x06\x06",
        "PK\x06\x07", "data.pkl", "byteorder", "big", "little", "constants.pkl", "/", "cargparse\nNamespace\n",
        "ccollections\nCounter\n",
    ];

    public static string[] Annotations { get; } =
        [.. Json, "\"image\":", "\"caption\":", "\"bbox\":", "[1,2,3,4]", "[[1,2,3,4]]", "[[0,0,1,1]]",
            "[[5,5,1,1]]", "\"a.jpg\"", "{\"image\":\"a\",\"caption\":\"b\",\"bbox\":[[1,2,3,4]]},", "\"<person>\"",
            "\"...\"", "[0,0,0,0]"];

    public static string[] Coco { get; } =
        [.. Json, "\"images\":", "\"annotations\":", "\"categories\":", "\"bbox\":", "\"segmentation\":", "\"counts\":",
            "\"size\":", "[[0,0,4,0,4,4]]", "[0,0,9,9,9,0,0,9]", "{\"size\":[8,9],\"counts\":[72]}"];

    public static string[] FlickrXml { get; } =
        ["<", ">", "</", "/>", "&lt;", "&x;", "<!DOCTYPE a [<!ENTITY x \"y\">]>", "<![CDATA[", "]]>", "<!--",
            "-->", "<?xml version=\"1.0\" encoding=\"utf-16\"?>", "<object>", "<name>1</name>", "<bndbox>", "</bndbox>",
            "<xmin>-1</xmin>", "9223372036854775807", "\xff\xfe"];

    public static string[] Sentences { get; } =
    [
        "[/EN#", "[/EN#1/people ", "[/EN#0/notvisual ", "/", "]", "[", " ", "\n", "#", "]]", "\xc3\xa9"
    ];

    public static string[] Yaml { get; } =
    [
        "\n", "  ", "\t", ": ", "- ", "[", "]", "{", "}", "&a ", "*a", "<<: *a", "!!str ", "!!binary ",
        "!<x> ", "|", ">", "|2-\n", "'", "\"", "\\x00", "\\u2028", "#", "---\n", "...\n", "%YAML 1.2\n", "? ", "@", "`",
        "~", "null", "yes", "off", "1_000", "0x1f", "0o7", ".inf", ".nan", "1e999", "\xef\xbb\xbf", "\xff", "\xc2\x85",
        "\xe2\x80\xa8", "\0", .. ConfigSchema.Keys.Select(k => k.Path), "optimizer: {", "schedular: {", "amc: {",
    ];

    public static string[] BertConfig { get; } =
        [.. Json, "\"hidden_size\":", "\"num_attention_heads\":", "\"intermediate_size\":",
            "\"max_position_embeddings\":", "\"vocab_size\":", "\"fusion_layer\":", "\"num_hidden_layers\":",
            "\"hidden_dropout_prob\":", "0", "-1", "2147483647", "2147483648", "768"];

    public static string[] Vocabulary { get; } =
        ["[PAD]\n", "[UNK]\n", "[CLS]\n", "[MASK]\n", "[SEP]\n", "##", "##a\n", "\n", "\r", "\r\n", "\xef\xbb\xbf",
            "\xff\xfe", "\xfe\xff", "\xff", "\xc2\x85", "\xe2\x80\xa8", "\0", "\x0c", " "];

    public static string[] Picture { get; } =
    [
        "\xff\xd8", "\xff\xd9", "\xff\xda", "\xff\xdb", "\xff\xc0", "\xff\xc2", "\xff\xc4", "\xff\xdd", "\xff\xe1",
        "\xff\xee", "Exif\0\0", "MM\0*", "II*\0", "\x01\x12\0\x03\0\0\0\x01\0\x06", "Adobe", "ICC_PROFILE\0",
        "\x89PNG\r\n\x1a\n", "IHDR", "IDAT", "IEND", "PLTE", "tRNS", "eXIf", "acTL", "gAMA", "iCCP", "RIFF", "WEBP",
        "VP8 ", "VP8L", "VP8X", "ALPH", "ANIM", "ANMF", "EXIF", "GIF87a", "GIF89a", "!\xf9\x04", ",", ";", "BM",
    ];

    public static string[] State { get; } =
        [.. Json, "\"Step\":", "\"OptimizerSteps\":", "\"Seed\":", "\"Config\":", "18446744073709551615", "-1",
            "\"eval_steps\":\"1\\n2\"", .. ConfigSchema.Keys.Select(k => $"\"{k.Path}\":")];

    public static string[] Log { get; } =
        [.. Json, "\n", "\"kind\":\"step\"", "\"kind\":\"eval\"", "\"step\":", "\"epoch\":",
            "\"losses\":{", "\"total\":", "\"lr\":", "\"seconds\":", "\"pointing_accuracy\":", "\"random_accuracy\":",
            "\"count\":", "\0"];
}
