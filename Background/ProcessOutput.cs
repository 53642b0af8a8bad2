using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;

namespace RegistryProxy.Background;

/// <summary>
/// What a process writes to stdout and stderr beside its log. With <c>REGISTRYPROXY_LOG=json</c> every line is a JSON object with the
/// fields of the log's, also those that the command line, a library or a fault of the program writes. Only what the .NET runtime itself
/// writes before the program begins is not.
/// </summary>
public static class ProcessOutput
{
    /// <summary>RFC 3339, UTC.</summary>
    public const string TimeFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'";

    /// <summary>What a shell shows of a process that a fault ended (128 + SIGABRT), as without JSON.</summary>
    private const int Aborted = 134;

    /// <summary>Whether every line is to be JSON.</summary>
    public static bool IsJson { get; } = Environment.GetEnvironmentVariable("REGISTRYPROXY_LOG") == "json";

    /// <summary>The first thing that a process does: from here on every line is JSON, if that is wanted.</summary>
    /// <param name="isProtocol">Whether stdout has the answer of a protocol, which is left as it is.</param>
    public static void Begin(bool isProtocol = false)
    {
        if (!IsJson)
        {
            return;
        }

        Console.SetError(new JsonLines(Console.Error, LogLevel.Error));
        if (!isProtocol)
        {
            Console.SetOut(new JsonLines(Console.Out, LogLevel.Information));
        }

        AppDomain.CurrentDomain.UnhandledException += static (_, fault) => End(fault.ExceptionObject);
    }

    /// <summary>Writes to stderr, as one line if lines are JSON.</summary>
    public static void Write(LogLevel level, string text) => Console.Error.WriteLine(Line(level, text));

    /// <summary>A text as it is written: itself, or as JSON.</summary>
    public static string Line(LogLevel level, string text) => IsJson ? Json(level, text) : text;

    internal static string Json(LogLevel level, string text) => new JsonObject
    {
        ["Timestamp"] = TimeProvider.System.GetUtcNow().UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture),
        ["EventId"] = 0,
        ["LogLevel"] = $"{level}",
        ["Category"] = "RegistryProxy",
        ["Message"] = text,
    }.ToJsonString();

    /// <summary>The runtime would write the fault in lines of its own.</summary>
    private static void End(object fault)
    {
        Write(LogLevel.Critical, $"The process ends because of a fault that nothing caught: {fault}");
        Environment.Exit(Aborted);
    }
}
