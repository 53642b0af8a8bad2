using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Hosting;
using RegistryProxy.Background;

namespace RegistryProxy.Tests.Architecture;

/// <summary>
/// No timer and no background work can end a process or stop unseen. The compiler refuses other timers (BannedSymbols.txt); this finds what
/// it cannot know.
/// </summary>
public sealed partial class BackgroundWorkTests
{
    private const BindingFlags All =
        BindingFlags.Static | BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;

    /// <summary>
    /// Callbacks of a cancellation run on the thread of whoever cancels, which may be a timer: each of these cannot throw.
    /// </summary>
    private static readonly string[] HarmlessRegistrations =
    [
        "watch.Token.Register(context.Abort)", "stopping.TrySetResult()", "ApplicationStarted.Register(",
        "UnsafeRegister(_ => Drop(waiter), null)", "UnsafeRegister(_ => connection.Abort(reason), null)",
        "UnsafeRegister(_ => waiting.TrySetResult(false), null)",
    ];

    private static readonly Assembly[] Product = [.. Projects.Select(project => Assembly.Load($"RegistryProxy.{project}"))];

    private static string[] Projects =>
    [
        "Protocol", "Files", "Background", "Configuration", "Egress", "Grains.Interfaces", "Grains", "ServiceDefaults",
        "Clustering.Kubernetes", "Silo", "Gateway",
        "Standalone", "NodeAgent",
    ];

    [Fact]
    public void Every_hosted_loop_is_a_background_loop() => Assert.All(
        Types().Where(type => type.IsAssignableTo(typeof(BackgroundService))),
        type => Assert.True(type.IsAssignableTo(typeof(BackgroundLoop)), type.FullName));

    [Fact]
    public void Every_timer_of_a_grain_is_guarded() =>
        Assert.StartsWith("Grains/Timers/GuardedGrainTimer.cs: ", Assert.Single(Lines(GrainTimer())));

    [Fact]
    public void No_asynchronous_method_is_void() => Assert.Empty(Types().SelectMany(type => type.GetMethods(All))
        .Where(method => method.ReturnType == typeof(void) && method.GetCustomAttribute<AsyncStateMachineAttribute>() is not null)
        .Select(method => $"{method.DeclaringType}.{method.Name}"));

    [Fact]
    public void Work_on_other_threads_has_somebody_who_waits_for_it() => Assert.Empty(Lines(ThrownAway()));

    [Fact]
    public void What_runs_when_something_is_cancelled_cannot_throw() =>
        Assert.DoesNotContain(Lines(Registration()), line => !Array.Exists(HarmlessRegistrations, line.Contains));

    [Fact]
    public void Every_regular_expression_is_linear()
    {
        Assert.All(
            Types().SelectMany(type => type.GetMethods(All))
                .Select(method => (method, Made: method.GetCustomAttribute<GeneratedRegexAttribute>()))
                .Where(pair => pair.Made is not null),
            pair => Assert.True(pair.Made!.Options.HasFlag(RegexOptions.NonBacktracking),
                $"{pair.method.DeclaringType}.{pair.method.Name}"));
        Assert.DoesNotContain(Lines(PlainRegex()), line => !line.Contains("RegexOptions.NonBacktracking"));
    }

    private static IEnumerable<Type> Types() => Product.SelectMany(assembly => assembly.GetTypes());

    private static IEnumerable<string> Lines(Regex wanted)
    {
        var root = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Parent!.Parent!.Parent!.FullName;
        return Projects.SelectMany(project => Directory.EnumerateFiles(Path.Combine(root, project), "*.cs", SearchOption.AllDirectories))
            .Where(file => !file.Contains("/obj/") && !file.Contains("/bin/"))
            .SelectMany(file => File.ReadLines(file).Where(line => wanted.IsMatch(line))
                .Select(line => $"{Path.GetRelativePath(root, file)}: {line.Trim()}"));
    }

    [GeneratedRegex(@"^\s*(_ = )?Task\.(Run|Factory\.StartNew)\(|\.ContinueWith\(|\basync void\b")]
    private static partial Regex ThrownAway();

    [GeneratedRegex(@"(Token|Stopping|Started|Stopped|RequestAborted|ConnectionClosed|cancellation|stop)\.(Unsafe)?Register\(")]
    private static partial Regex Registration();

    [GeneratedRegex(@"\bRegister(Grain)?Timer\(|\bRegisterOrUpdateReminder\(")]
    private static partial Regex GrainTimer();

    [GeneratedRegex(@"new Regex\(|Regex\.(IsMatch|Match|Matches|Replace|Split)\(|Regex \w+\(string \w+\) => new")]
    private static partial Regex PlainRegex();
}
