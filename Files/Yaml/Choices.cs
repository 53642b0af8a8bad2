namespace RegistryProxy.Files.Yaml;

/// <summary>Values that are one of a few words.</summary>
public static class Choices
{
    /// <summary>The value of the word; <paramref name="otherwise"/> when it is absent, or, with an error, another one.</summary>
    public static T Choice<T>(this Field field, T otherwise, params (string Word, T Value)[] choices) =>
        field.Text() is { } text ? field.Choose(text, otherwise, choices) : otherwise;

    /// <summary>The value of a word that must be there.</summary>
    public static T RequiredChoice<T>(this Field field, T otherwise, params (string Word, T Value)[] choices) =>
        field.Choose(field.RequiredText(), otherwise, choices);

    private static T Choose<T>(this Field field, string text, T otherwise, (string Word, T Value)[] choices)
    {
        foreach (var (word, value) in choices)
        {
            if (word == text)
            {
                return value;
            }
        }

        var words = choices.Select(choice => choice.Word).ToList();
        if (field.IsPresent)
        {
            field.Fail($"must be {string.Join(", ", words.SkipLast(1))} or {words[^1]}{field.Errors.Suggest(text, words)}");
        }

        return otherwise;
    }
}
