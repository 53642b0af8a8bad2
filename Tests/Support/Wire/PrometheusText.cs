using System.Globalization;

namespace RegistryProxy.Tests.Support.Wire;

/// <summary>What <c>/metrics</c> says.</summary>
internal static class PrometheusText
{
    /// <summary>The sum over the lines of a metric that hold <paramref name="labels"/>.</summary>
    public static double Sum(string text, string name, string labels) => text.Split('\n')
        .Where(line => line.StartsWith(name, StringComparison.Ordinal) && line.Contains(labels))
        .Sum(line => double.Parse(line.Split(' ')[1], CultureInfo.InvariantCulture));
}
