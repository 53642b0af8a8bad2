using Microsoft.Extensions.Logging;
using RegistryProxy.Background;

namespace RegistryProxy.ServiceDefaults.Commands;

/// <summary>Lines that a host writes beside its log: where it listens, what is wrong with its file.</summary>
public static class HostOutput
{
    /// <summary>Writes to stdout.</summary>
    public static void Say(string line) => Console.Out.WriteLine(ProcessOutput.Line(LogLevel.Information, line));

    /// <summary>Writes to stderr.</summary>
    public static void Warn(string line) => ProcessOutput.Write(LogLevel.Warning, line);

    /// <summary>Writes to stderr.</summary>
    public static void Fail(string line) => ProcessOutput.Write(LogLevel.Error, line);
}
