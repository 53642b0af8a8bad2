using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace RegistryProxy.NodeAgent.Installation.Turns;

/// <summary>
/// How many nodes may restart their kubelet at a time: a number, or a share of the nodes of the DaemonSet, as <c>maxUnavailable</c> is
/// written.
/// </summary>
internal sealed record TurnCount
{
    private readonly int _number;

    private TurnCount(int number, bool isShare) => (_number, IsShare) = (number, isShare);

    /// <summary>Whether the nodes must be counted.</summary>
    public bool IsShare { get; }

    /// <summary>Reads <c>3</c> or <c>10%</c>.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out TurnCount? count)
    {
        var isShare = text.EndsWith('%');
        var good = int.TryParse(isShare ? text[..^1] : text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && number >= 1 && (!isShare || number <= 100);
        count = good ? new TurnCount(number, isShare) : null;
        return good;
    }

    /// <summary>The number for so many nodes; one at least, so that there is always a next one.</summary>
    public int Of(int nodes) => IsShare ? (int)Math.Max(1, (long)nodes * _number / 100) : _number;
}
