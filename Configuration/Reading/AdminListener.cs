using RegistryProxy.Files;
using RegistryProxy.Files.Yaml;

namespace RegistryProxy.Configuration.Reading;

/// <summary>
/// Where a file says that its host listens for operators, whatever is wrong with the rest of it: for who asks a host that runs on with the
/// configuration of before.
/// </summary>
public static class AdminListener
{
    /// <summary>The value of <c>listen.admin</c>; <c>null</c> when the file or the value cannot be read.</summary>
    public static Uri? Of(string path)
    {
        string text;
        try
        {
            text = BoundedFile.ReadText(path, BoundedFile.MaxBytes);
        }
        catch (IOException)
        {
            return null;
        }

        var errors = new ErrorList(path);
        var document = YamlFile.Parse(text, errors);
        if (document is null && errors.Sorted is [var broken, ..])
        {
            document = YamlFile.Parse(Before(text, broken.Line), new ErrorList(path));
        }

        return document?.Read(new ErrorList(path), map => map["listen"])?.Map()?["admin"].Origin();
    }

    /// <summary>The sections before the one that a line is in.</summary>
    private static string Before(string text, long line)
    {
        var lines = text.Split('\n').Take((int)Math.Min(line, int.MaxValue)).ToList();
        return string.Join('\n', lines.Take(Math.Max(0, lines.FindLastIndex(one => one.Length > 0 && char.IsAsciiLetter(one[0])))));
    }
}
