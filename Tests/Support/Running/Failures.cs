namespace RegistryProxy.Tests.Support.Running;

/// <summary>
/// What failed in a run, by name and with the beginning of its message, so that the last lines of a log that is cut still say it.
/// </summary>
internal sealed class Failures
{
    /// <summary>How many are named; of the others, how many there are.</summary>
    public const int MaxNamed = 40;

    /// <summary>Of a name, and of a message.</summary>
    public const int MaxCharacters = 300;

    /// <summary>Of all servers of all that failed.</summary>
    public const int MaxSaid = 30;

    private readonly List<string> _named = [];
    private int _said;
    private int _others;

    /// <param name="name">Of a test; of the class, collection or run whose clean-up failed.</param>
    /// <param name="message">Of the exception; its line breaks become blanks.</param>
    /// <param name="said">The last lines of the servers of the test.</param>
    public void Add(string name, string message, params IReadOnlyList<string> said)
    {
        lock (_named)
        {
            if (_named.Count < MaxNamed)
            {
                string[] kept = [.. said.TakeLast(MaxSaid - _said).Select(line => $"      {Short(line)}")];
                _said += kept.Length;
                _named.Add(string.Join('\n', [$"  {Short(name)}: {Short(message)}", .. kept]));
            }
            else
            {
                _others++;
            }
        }
    }

    /// <summary>One line for each, and a heading; empty where nothing failed.</summary>
    public override string ToString()
    {
        lock (_named)
        {
            string[] more = _others == 0 ? [] : [$"  and {_others} more"];
            return _named.Count == 0 ? "" : string.Join('\n', ["Failed:", .. _named, .. more]);
        }
    }

    private static string Short(string text)
    {
        var line = string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        return line.Length <= MaxCharacters ? line : $"{line[..MaxCharacters]}...";
    }
}
