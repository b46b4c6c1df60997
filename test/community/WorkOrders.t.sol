// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {CrewFigures} from "../../contracts/community/interfaces/ICrewRota.sol";
import {SignedReading} from "../../contracts/community/interfaces/IEquipmentRegister.sol";
import {Agreement, DeviceRecord} from "../../contracts/community/interfaces/IServiceContract.sol";
import {IWorkOrders} from "../../contracts/community/interfaces/IWorkOrders.sol";
import {FaultKind, Order, OrderId, OrderState} from "../../contracts/community/libraries/OrderWords.sol";
import {CommunityWorld} from "./CommunityWorld.sol";

/// @notice Everything anyone can do, in any order, at any time. Notes what must never happen.
contract WorkOrdersHandler is CommunityWorld {
    uint32 private constant DEVICES = 2;
    mapping(uint32 device => uint32) private _counters;
    mapping(uint32 device => uint16) private _numbers;
    bytes32 private _dispute;

    bool public leftTheGraph;
    bool public levelFell;
    bool public numberSkipped;
    bool public restoredWithoutDevice;
    bool public redoPaid;
    bool public assigneeUnknown;
    bool public assigneeOffDuty;
    bool public openedBesideLive;
    uint256 public deposited;
    uint256 public drawn;
    bool public bondPaidWrongly;
    uint256 public closed;
    bool private _proving;

    /// @dev Not the constructor: the typed-data helpers are called from outside.
    function begin() external payable {
        _build();
        for (uint32 i = 1; i <= DEVICES; ++i) _install(DEVICE_KEYS + i, _profile());
        _agree();
        deposited = 150 ether;
        for (uint32 i = 1; i <= DEVICES; ++i) {
            vm.prank(owner);
            service.cover(address(orders), CREW, i);
        }
        for (uint160 i = 0; i < 5; ++i) {
            address resident = _resident(i);
            credentials.set(forum.residentType(owner), resident, true);
            vm.prank(resident);
            forum.enrol(owner);
            vm.deal(resident, 1_000 ether);
        }
    }

    receive() external payable {}

    function _resident(uint160 i) private pure returns (address) {
        return address(0x5000 + i);
    }

    function agreement() external view returns (Agreement memory) {
        return service.agreementOf(address(orders), CREW);
    }

    function record(uint32 device) external view returns (DeviceRecord memory) {
        return service.recordOf(address(orders), CREW, device);
    }

    function serviceBalance() external view returns (uint256) {
        return address(service).balance;
    }

    function elapsed(uint32 device) external view returns (uint256) {
        return block.timestamp - service.recordOf(address(orders), CREW, device).coveredSince;
    }

    function act(uint8 action, uint32 deviceSeed, uint32 wait, int32 value) external {
        vm.warp(block.timestamp + bound(wait, 0, 20_000));
        vm.roll(block.number + 1);
        uint32 device = uint32(bound(deviceSeed, 1, DEVICES));
        Order memory before = orders.orderOf(device, FaultKind.Limits);
        Agreement memory money = service.agreementOf(address(orders), CREW);
        uint256 choice = action > 127 ? _natural(before.state, value) : bound(action, 0, 20);
        _proving = choice == 8 || choice == 9;
        _do(choice, device, value);
        _watch(device, before, orders.orderOf(device, FaultKind.Limits), money);
    }

    /// @dev Half of the time the story simply goes on, so that campaigns reach its end.
    function _natural(OrderState state, int32 value) private pure returns (uint256) {
        if (state == OrderState.Assigned) return 2;
        if (state == OrderState.Accepted) return 3;
        if (state == OrderState.OnSite) return 4;
        if (state == OrderState.Working) return 7;
        if (state == OrderState.OnHold) return 6;
        if (state == OrderState.Verifying) return 8;
        if (state == OrderState.Restored) return value % 2 == 0 ? 12 : 13;
        if (state == OrderState.Disputed) return value % 2 == 0 ? 14 : 15;
        return 0;
    }

    function _do(uint256 choice, uint32 device, int32 value) private {
        Order memory order = orders.orderOf(device, FaultKind.Limits);
        address assignee = _holder(order.seat);
        FaultKind kind = FaultKind.Limits;
        if (choice < 2) {
            try orders.report(_next(device, block.timestamp, choice == 0 ? int32(1_400) : value)) {} catch {}
        } else if (choice == 8 || choice == 9) {
            _prove(device, choice == 9);
        } else if (choice == 11) {
            try orders.escalate(device, kind) {} catch {}
        } else if (choice == 12) {
            try orders.settle(device, kind) {} catch {}
        } else if (choice == 13) {
            vm.prank(_resident(0));
            try orders.dispute{value: 1 ether}(device, kind) {
                _dispute = forum.disputeId(address(orders), bytes32(uint256(OrderId.unwrap(_idOf(device)))));
            } catch {}
        } else if (choice == 14) {
            _judge(value > 0);
        } else if (choice == 15) {
            try orders.rule(device, kind) {} catch {}
        } else if (choice == 16) {
            try orders.open(device, kind) {} catch {}
        } else if (choice == 17) {
            SignedReading[] memory run = new SignedReading[](1);
            run[0] = _next(device, block.timestamp, 1_400);
            try orders.disprove(device, kind, run) {} catch {}
        } else if (choice == 18) {
            _moveMoney(value);
        } else if (choice == 19) {
            _changeDuty(value);
        } else if (choice == 20) {
            try orders.nominate(device, kind) {} catch {}
            vm.roll(block.number + 3);
            try orders.inspect(device, kind) {
                _dispute = forum.disputeId(address(orders), bytes32(uint256(OrderId.unwrap(_idOf(device)))));
            } catch {}
        } else {
            vm.prank(assignee);
            _step(choice, device, kind);
        }
    }

    /// @dev Deposits, retainers and draws by everyone who may have something due.
    function _moveMoney(int32 value) private {
        if (value % 2 == 0) {
            vm.deal(address(this), 1 ether);
            service.fund{value: 1 ether}(address(orders), CREW, 0);
            deposited += 1 ether;
            try service.payRetainer(address(orders), CREW) {} catch {}
            return;
        }
        address to = value % 3 == 0 ? BACKUP : PRINCIPAL;
        uint256 before = address(service).balance;
        vm.prank(to);
        try service.draw(address(orders), CREW) {} catch {}
        drawn += before - address(service).balance;
    }

    function _changeDuty(int32 value) private {
        uint8 seat = uint8(uint32(value) % 3);
        uint32 period = uint32(_shift() / 16);
        vm.prank(_holder(seat));
        try orders.setAvailability(CREW, seat, period, uint16(uint32(value) >> 8)) {} catch {}
    }

    function _shift() private view returns (uint256) {
        CrewFigures memory figures = orders.figuresOf(CREW);
        return (block.timestamp - figures.epoch) / figures.shiftLength;
    }

    function _onDuty(uint8 seat) private view returns (bool) {
        uint256 shift = _shift();
        uint256 word = orders.availabilityOf(CREW, uint32(shift / 16));
        return (word >> ((shift % 16) * 16 + seat)) & 1 == 1;
    }

    function _step(uint256 choice, uint32 device, FaultKind kind) private {
        if (choice == 2) try orders.acceptWork(device, kind) {} catch {}
        if (choice == 3) try orders.arriveAtSite(device, kind) {} catch {}
        if (choice == 4) try orders.beginRepair(device, kind) {} catch {}
        if (choice == 5) try orders.hold(device, kind) {} catch {}
        if (choice == 6) try orders.continueWork(device, kind) {} catch {}
        if (choice == 7) try orders.claimRepaired(device, kind, 1, bytes32("root")) {} catch {}
        if (choice == 10) try orders.decline(device, kind) {} catch {}
    }

    function _idOf(uint32 device) private view returns (OrderId) {
        return OrderId.wrap((uint64(device) << 24) | orders.orderOf(device, FaultKind.Limits).number);
    }

    function _next(uint32 device, uint256 observedAt, int32 value) private returns (SignedReading memory) {
        return _reading(DEVICE_KEYS + device, device, ++_counters[device], observedAt, value);
    }

    function _prove(uint32 device, bool clear) private {
        uint256 from = block.timestamp + 1;
        vm.warp(from + 600);
        SignedReading[] memory run = new SignedReading[](3);
        for (uint256 i = 0; i < 3; ++i) run[i] = _next(device, from + 300 * i, 100);
        SignedReading[] memory none = new SignedReading[](0);
        if (clear) try orders.selfClear(device, FaultKind.Limits, run, none) {} catch {}
        else try orders.proveRepair(device, FaultKind.Limits, run, none) {} catch {}
    }

    function _judge(bool uphold) private {
        try forum.drawPanel(_dispute) {} catch {}
        address[3] memory panel = forum.disputeOf(_dispute).panel;
        for (uint256 i = 0; i < 2; ++i) {
            vm.prank(panel[i]);
            try forum.vote(_dispute, uphold) {} catch {}
        }
        uint256 before = _resident(0).balance;
        (bool decided, bool upheld) = forum.verdictOf(_dispute);
        try forum.payBond(_dispute) {
            if (!decided || (_resident(0).balance > before) != upheld) bondPaidWrongly = true;
        } catch {}
    }

    function _watch(uint32 device, Order memory before, Order memory now_, Agreement memory money) private {
        if (now_.number == before.number) {
            if (before.state != now_.state && !_allowed(before.state, now_.state)) leftTheGraph = true;
            if (now_.level < before.level) levelFell = true;
            if (now_.level == 1 && now_.seat != before.seat && !_onDuty(now_.seat)) assigneeOffDuty = true;
        } else {
            if (now_.number != before.number + 1 || now_.state != OrderState.Assigned) numberSkipped = true;
            bool ended =
                before.state == OrderState.None ||
                    before.state == OrderState.Restored ||
                    before.state == OrderState.Disputed ||
                    before.state == OrderState.Closed ||
                    before.state == OrderState.SelfCleared;
            if (!ended) openedBesideLive = true;
            // Named at this moment: a member on duty, or the next level.
            if (now_.level == 1 && !_onDuty(now_.seat)) assigneeOffDuty = true;
        }
        if (before.state == OrderState.Verifying && now_.state == OrderState.Restored && !_proving)
            restoredWithoutDevice = true;
        if (before.state != OrderState.Closed && now_.state == OrderState.Closed) {
            ++closed;
            Agreement memory later = service.agreementOf(address(orders), CREW);
            if (before.redo && (later.contractorDue > money.contractorDue || later.backupDue > money.backupDue))
                redoPaid = true;
        }
        if (now_.state == OrderState.Assigned) {
            address holder = _holder(now_.seat);
            if (holder == address(0) || (now_.level == 1) != (now_.seat < 16)) assigneeUnknown = true;
        }
        _numbers[device] = now_.number;
    }

    /// @dev The graph of contracts/community/README.md, within one order.
    function _allowed(OrderState from, OrderState to) private pure returns (bool) {
        if (from == OrderState.Assigned)
            return to == OrderState.Accepted || to == OrderState.OnSite || to == OrderState.SelfCleared;
        if (from == OrderState.Accepted)
            return to == OrderState.OnSite || to == OrderState.Assigned || to == OrderState.SelfCleared;
        if (from == OrderState.OnSite)
            return
                to == OrderState.Working ||
                to == OrderState.Verifying ||
                to == OrderState.Assigned ||
                to == OrderState.SelfCleared;
        if (from == OrderState.Working)
            return to == OrderState.OnHold || to == OrderState.Verifying || to == OrderState.Assigned;
        // Time alone may carry a hold or a claim through WORKING to the next level within one call.
        if (from == OrderState.OnHold) return to == OrderState.Working || to == OrderState.Assigned;
        if (from == OrderState.Verifying)
            return to == OrderState.Restored || to == OrderState.Working || to == OrderState.Assigned;
        if (from == OrderState.Restored) return to == OrderState.Closed || to == OrderState.Disputed;
        if (from == OrderState.Disputed) return to == OrderState.Closed;
        return false;
    }
}

contract WorkOrdersInvariantTest is CommunityWorld {
    WorkOrdersHandler private _handler;

    function setUp() external {
        vm.deal(address(this), 1_000 ether);
        _handler = new WorkOrdersHandler();
        _handler.begin{value: 200 ether}();
        targetContract(address(_handler));
        bytes4[] memory selectors = new bytes4[](1);
        selectors[0] = WorkOrdersHandler.act.selector;
        targetSelector(FuzzSelector(address(_handler), selectors));
    }

    function invariant_01_oneLiveOrderPerDeviceAndFaultClass() external view {
        assertFalse(_handler.openedBesideLive(), "a second live order");
    }

    function invariant_02_statesChangeOnlyAlongTheGraph() external view {
        assertFalse(_handler.leftTheGraph(), "a step the graph does not have");
        assertFalse(_handler.numberSkipped(), "order numbers count by one");
    }

    function invariant_07_escalationLevelNeverFalls() external view {
        assertFalse(_handler.levelFell(), "escalation level never falls");
    }

    function invariant_03_verifyingBecomesRestoredOnlyByReadings() external view {
        assertFalse(_handler.restoredWithoutDevice(), "restored without the device's readings");
    }

    function invariant_09_redoNeverPays() external view {
        assertFalse(_handler.redoPaid(), "a redo was paid");
    }

    function invariant_08_assigneeIsOnDutyOrTheNextLevel() external view {
        assertFalse(_handler.assigneeUnknown(), "assigned to nobody, or level and seat disagree");
        assertFalse(_handler.assigneeOffDuty(), "named somebody who is off duty");
    }

    function invariant_11_disputeBondReturnsIffUpheld() external view {
        assertFalse(_handler.bondPaidWrongly(), "bond against the verdict");
    }

    function invariant_05_moneyIsConservedToTheWei() external view {
        Agreement memory agreement = _handler.agreement();
        uint256 owed = uint256(agreement.escrow) + agreement.bond + agreement.contractorDue + agreement.backupDue;
        assertEq(owed, _handler.serviceBalance(), "what is owed is what is held");
        assertEq(owed + _handler.drawn(), _handler.deposited(), "nothing comes from nowhere");
    }

    function invariant_10_downtimeFitsIntoTime() external view {
        for (uint32 device = 1; device <= 2; ++device)
            assertLe(_handler.record(device).downSeconds, _handler.elapsed(device), "more downtime than time");
    }
}

/// @notice The attacks of the design, each tried with any key or any delay.
contract WorkOrdersAttackTest is CommunityWorld {
    uint32 private _device;

    function setUp() external {
        _build();
        _device = _claimed(DEVICE_KEYS);
    }

    /// @dev A device whose technician has just claimed the repair.
    function _claimed(uint256 key) private returns (uint32 device) {
        device = _install(key, _profile());
        orders.report(_reading(key, device, 1, block.timestamp, 1_400));
        address assignee = _holder(orders.orderOf(device, FaultKind.Limits).seat);
        vm.prank(assignee);
        orders.arriveAtSite(device, FaultKind.Limits);
        vm.prank(assignee);
        orders.claimRepaired(device, FaultKind.Limits, 1, bytes32("root"));
    }

    function _run(uint256 key, uint256 from) private view returns (SignedReading[] memory run) {
        run = new SignedReading[](3);
        for (uint32 i = 0; i < 3; ++i) run[i] = _reading(key, _device, 2 + i, from + 300 * i, 100);
    }

    function testFuzz_04_nobodyButTheDeviceKeyCanRestore(uint256 key) external {
        key = bound(key, 1, 2 ** 128);
        vm.assume(key != DEVICE_KEYS);
        uint256 from = block.timestamp + 1;
        vm.warp(from + 700);
        SignedReading[] memory run = _run(key, from);
        vm.expectRevert();
        orders.proveRepair(_device, FaultKind.Limits, run, new SignedReading[](0));
    }

    function testFuzz_03_readingsFromBeforeTheClaimProveNothing(uint32 early) external {
        uint256 claimedAt = block.timestamp;
        vm.warp(claimedAt + 1_000);
        SignedReading[] memory run = _run(DEVICE_KEYS, claimedAt - bound(early, 0, 1_000_000));
        vm.expectRevert(abi.encodeWithSelector(IWorkOrders.OrderUnproven.selector, _device, FaultKind.Limits));
        orders.proveRepair(_device, FaultKind.Limits, run, new SignedReading[](0));
    }

    function testFuzz_07_aLateEscalationGivesTheSameOrderAsPunctualOnes(uint32 delay) external {
        uint32 twin = _claimed(DEVICE_KEYS + 1);
        uint256 until = block.timestamp + bound(delay, 7_201, 400 days);
        while (orders.dueAt(_device, FaultKind.Limits) < until) {
            vm.warp(orders.dueAt(_device, FaultKind.Limits) + 1);
            orders.escalate(_device, FaultKind.Limits);
        }
        vm.warp(until);
        orders.escalate(twin, FaultKind.Limits);
        Order memory punctual = orders.orderOf(_device, FaultKind.Limits);
        Order memory late = orders.orderOf(twin, FaultKind.Limits);
        // Two members were on duty for the two orders; from the second level on all is the same.
        if (late.level == 1) punctual.seat = late.seat;
        assertEq(abi.encode(late), abi.encode(punctual), "the same order");
    }
}
