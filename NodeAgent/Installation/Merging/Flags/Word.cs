namespace RegistryProxy.NodeAgent.Installation.Merging.Flags;

/// <summary>One word of a command line, and where it stands in the text that says it.</summary>
/// <param name="Text">The word without quotes.</param>
/// <param name="Start">Its first character.</param>
/// <param name="End">Behind its last character; quotes around it are not in it.</param>
internal readonly record struct Word(string Text, int Start, int End);

/// <summary>A variable of an environment file, an <c>Environment=</c> or a command of a unit.</summary>
/// <param name="Name">The variable, or the key of the unit.</param>
/// <param name="Words">The words of its value.</param>
/// <param name="At">Where the first word would stand.</param>
internal sealed record Assignment(string Name, IReadOnlyList<Word> Words, int At);
