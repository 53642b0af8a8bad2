using System.Diagnostics;

namespace RegistryProxy.Tests.Support.Processes;

/// <summary>Runs a command to its end.</summary>
internal static class Shell
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(6);

    public static async Task<ShellResult> Run(
        string program, IEnumerable<string> arguments, string? input = null, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo(program)
        {
            RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true,
        };
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        foreach (var (name, value) in (program == "dotnet" ? HostCompilation.Variables : []).Concat(environment))
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.StandardInput.WriteAsync(input ?? "");
        process.StandardInput.Close();
        using var limit = new CancellationTokenSource(Limit);
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
        }

        return new ShellResult(process.ExitCode, $"{await output}{await errors}");
    }
}

/// <summary>How a command ended.</summary>
internal sealed record ShellResult(int ExitCode, string Output)
{
    public void ShouldSucceed() => Assert.True(ExitCode == 0, $"exit code {ExitCode}:\n{Output}");

    public void ShouldFail(string saying)
    {
        Assert.True(ExitCode != 0, $"it should have failed:\n{Output}");
        Assert.Contains(saying, Output, StringComparison.OrdinalIgnoreCase);
    }
}
