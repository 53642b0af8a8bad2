using System.Diagnostics;
using System.Reflection;
using System.Text;
using System.Text.Json;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Text;

namespace RegistryProxy.Tests.Strength;

/// <summary>A project as its build compiles it, in memory.</summary>
internal sealed class ProjectCompilation(string root, CSharpCompilation compilation)
{
    /// <summary>The name of the library, with its extension.</summary>
    public string Library => $"{compilation.AssemblyName}.dll";

    /// <summary>Reads the project by way of MSBuild; its references must be built.</summary>
    public static async Task<ProjectCompilation> Open(string root, string project)
    {
        var folder = Path.Combine(root, project);
        var command = CSharpCommandLineParser.Default.Parse(await CommandLine(folder, project), folder, null);
        var trees = command.SourceFiles.Select(file => Parse(File.ReadAllText(file.Path), command.ParseOptions, file.Path));
        var compilation = CSharpCompilation.Create(
            command.CompilationName, trees,
            command.MetadataReferences.Select(reference => MetadataReference.CreateFromFile(reference.Reference)),
            command.CompilationOptions.WithConcurrentBuild(false).WithGeneralDiagnosticOption(ReportDiagnostic.Suppress));
        CSharpGeneratorDriver.Create(Generators(command), parseOptions: command.ParseOptions, optionsProvider: new BuildProperties(command))
            .RunGeneratorsAndUpdateCompilation(compilation, out var whole, out _);
        return new ProjectCompilation(root, (CSharpCompilation)whole);
    }

    /// <summary>The syntax of one of its files, by its path in the repository.</summary>
    public SyntaxTree Tree(string file) => compilation.SyntaxTrees.Single(tree => tree.FilePath == Path.Combine(root, file));

    /// <summary>Whether it compiles with a change.</summary>
    public bool Takes(Mutation mutation)
    {
        var (tree, changed) = Changed(mutation.File, mutation.Change);
        return !compilation.ReplaceSyntaxTree(tree, changed).GetSemanticModel(changed).GetDiagnostics()
            .Any(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error);
    }

    /// <summary>The library with changes of some files, and with one file more.</summary>
    /// <exception cref="InvalidOperationException">It does not compile.</exception>
    public byte[] Compile(IEnumerable<(string File, TextChange Change)> changes, string more)
    {
        var whole = compilation.AddSyntaxTrees(Parse(more, (CSharpParseOptions)compilation.SyntaxTrees[0].Options, "more.cs"));
        foreach (var file in changes.GroupBy(change => change.File, change => change.Change))
        {
            var (tree, changed) = Changed(file.Key, [.. file]);
            whole = whole.ReplaceSyntaxTree(tree, changed);
        }

        using var library = new MemoryStream();
        var result = whole.Emit(library);
        return result.Success ? library.ToArray() : throw new InvalidOperationException(string.Join('\n', result.Diagnostics));
    }

    private (SyntaxTree Tree, SyntaxTree Changed) Changed(string file, params TextChange[] changes) =>
        Tree(file) is var tree ? (tree, tree.WithChangedText(tree.GetText().WithChanges(changes))) : default;

    private static SyntaxTree Parse(string text, CSharpParseOptions options, string path) =>
        CSharpSyntaxTree.ParseText(SourceText.From(text, Encoding.UTF8), options, path);

    private static async Task<List<string>> CommandLine(string folder, string project)
    {
        using var build = Process.Start(new ProcessStartInfo("dotnet",
        [
            "msbuild", Path.Combine(folder, $"{project}.csproj"), "-t:Compile", "-p:SkipCompilerExecution=true",
            "-p:ProvideCommandLineArgs=true", "-p:DesignTimeBuild=true", "-p:BuildProjectReferences=false", "-p:Configuration=Release",
            "-p:NonExistentFile=none", "-getItem:CscCommandLineArgs",
        ]) { RedirectStandardOutput = true })!;
        using var answer = JsonDocument.Parse(await build.StandardOutput.ReadToEndAsync());
        return [.. answer.RootElement.GetProperty("Items").GetProperty("CscCommandLineArgs").EnumerateArray()
            .Select(argument => argument.GetProperty("Identity").GetString()!)];
    }

    private static IEnumerable<ISourceGenerator> Generators(CSharpCommandLineArguments command)
    {
        var loader = new Loader();
        return command.AnalyzerReferences.SelectMany(
            reference => new AnalyzerFileReference(reference.FilePath, loader).GetGenerators(LanguageNames.CSharp));
    }

    private sealed class Loader : IAnalyzerAssemblyLoader
    {
        public void AddDependencyLocation(string fullPath)
        {
        }

        public Assembly LoadFromPath(string fullPath) => Assembly.LoadFrom(fullPath);
    }
}
