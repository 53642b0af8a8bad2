using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;

namespace RegistryProxy.ServiceDefaults.Commands;

/// <summary>
/// Lines that a host writes beside its log: where it listens, what is wrong with its file. Where the log is JSON
/// (<c>REGISTRYPROXY_LOG=json</c>), they are, too.
/// </summary>
public static class HostOutput
{
    /// <summary>RFC 3339, UTC.</summary>
    public const string TimeFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'";

    /// <summary>Whether every line is to be JSON.</summary>
    public static bool IsJson { get; } = Environment.GetEnvironmentVariable("REGISTRYPROXY_LOG") == "json";

    /// <summary>Writes to stdout.</summary>
    public static void Say(string line) => Console.Out.WriteLine(Text(LogLevel.Information, line));

    /// <summary>Writes to stderr.</summary>
    public static void Warn(string line) => Console.Error.WriteLine(Text(LogLevel.Warning, line));

    /// <summary>Writes to stderr.</summary>
    public static void Fail(string line) => Console.Error.WriteLine(Text(LogLevel.Error, line));

    private static string Text(LogLevel level, string line) => !IsJson ? line : new JsonObject
    {
        ["Timestamp"] = TimeProvider.System.GetUtcNow().UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture),
        ["EventId"] = 0,
        ["LogLevel"] = $"{level}",
        ["Category"] = "RegistryProxy",
        ["Message"] = line,
    }.ToJsonString();
}
