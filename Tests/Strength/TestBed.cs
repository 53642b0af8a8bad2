using System.Diagnostics;

namespace RegistryProxy.Tests.Strength;

/// <summary>A copy of the built tests, with another library in the place of the product's.</summary>
internal sealed class TestBed : IDisposable
{
    /// <summary>A changed program that runs longer does not end.</summary>
    private static readonly TimeSpan MaxTime = TimeSpan.FromSeconds(20);

    /// <summary>What a changed program may take of memory (hexadecimal bytes): a loop that collects is noticed, too.</summary>
    private const string MaxHeap = "20000000";

    private const string Tests = "Tests/bin/Release/net10.0";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("registryproxy-strength-");

    /// <param name="root">The repository; of it the tests and the documents are copied, which tests of constants read.</param>
    public TestBed(string root)
    {
        foreach (var part in (string[])[Tests, "docs"])
        {
            var to = Directory.CreateDirectory(Path.Combine(_folder.FullName, part));
            using var copy = Process.Start("cp", ["-r", $"{Path.Combine(root, part)}/.", to.FullName]);
            copy.WaitForExit();
        }
    }

    /// <summary>Puts a library into the place of another.</summary>
    public void Put(string library, byte[] bytes) => File.WriteAllBytes(Path.Combine(_folder.FullName, Tests, library), bytes);

    /// <summary>Whether all tests of some classes pass with a mutation switched on.</summary>
    public async Task<bool> Passes(IEnumerable<string> classes, int mutation)
    {
        var command = new ProcessStartInfo("dotnet",
        [
            Path.Combine(_folder.FullName, Tests, "RegistryProxy.Tests.dll"), "-noColor", "-noLogo", "-stopOnFail",
            .. classes.SelectMany(name => new[] { "-class", $"RegistryProxy.Tests.{name}" }),
        ]) { RedirectStandardOutput = true, RedirectStandardError = true };
        command.Environment["DOTNET_GCHeapHardLimit"] = MaxHeap;
        command.Environment[SwitchedLibrary.Variable] = $"{mutation}";
        using var run = Process.Start(command)!;
        using var limit = new CancellationTokenSource(MaxTime);
        try
        {
            await Task.WhenAll(
                run.StandardOutput.ReadToEndAsync(limit.Token), run.StandardError.ReadToEndAsync(limit.Token),
                run.WaitForExitAsync(limit.Token));
            return run.ExitCode == 0;
        }
        catch (OperationCanceledException)
        {
            run.Kill(entireProcessTree: true);
            return false;
        }
    }

    public void Dispose() => _folder.Delete(recursive: true);
}
