using System.Reflection;
using System.Runtime.CompilerServices;
using RegistryProxy.Tests.Support.Running;
using Xunit.Sdk;
using Xunit.v3;

[assembly: TestFramework(typeof(LimitedTests))]

namespace RegistryProxy.Tests.Support.Running;

/// <summary>
/// Every test that waits has a limit in time: one that waits for ever fails, and the others go on. Runs with every number have none.
/// </summary>
public sealed class LimitedTests : XunitTestFramework
{
    /// <summary>How long a test may take that says nothing itself: many times what the longest does on a slow machine.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromMinutes(8);

    protected override ITestFrameworkExecutor CreateExecutor(Assembly assembly) =>
        new Executor(new XunitTestAssembly(assembly, null, assembly.GetName().Version));

    private static bool MayWait(IXunitTestCase test) =>
        test.TestMethod.Method.ReturnType is { } type && (typeof(Task).IsAssignableFrom(type) || type == typeof(ValueTask));

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "set_Timeout")]
    private static extern void SetTimeout(XunitTestCase test, int milliseconds);

    private sealed class Executor(IXunitTestAssembly assembly) : XunitTestFrameworkExecutor(assembly)
    {
        public override ValueTask RunTestCases(
            IReadOnlyCollection<IXunitTestCase> testCases, IMessageSink executionMessageSink,
            ITestFrameworkExecutionOptions executionOptions, CancellationToken cancellationToken)
        {
            if (!Sizes.Full)
            {
                foreach (var test in testCases.OfType<XunitTestCase>().Where(test => test.Timeout == 0 && MayWait(test)))
                {
                    SetTimeout(test, (int)Limit.TotalMilliseconds);
                }
            }

            return base.RunTestCases(testCases, executionMessageSink, executionOptions, cancellationToken);
        }
    }
}
