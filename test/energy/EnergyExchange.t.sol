// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Test, Vm} from "../utils/Test.sol";
import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import {EnergyAccounts} from "../../contracts/energy/EnergyAccounts.sol";
import {EnergyExchange} from "../../contracts/energy/EnergyExchange.sol";
import {LargeBooks} from "../../contracts/energy/LargeBooks.sol";
import {ILargeBooks, Stage} from "../../contracts/energy/interfaces/ILargeBooks.sol";
import {BookStatus, Terms} from "../../contracts/energy/interfaces/IEnergyExchange.sol";
import {IBookReader} from "../../contracts/energy/interfaces/IMarketOperator.sol";
import {Link} from "../../contracts/energy/libraries/UniformPrice.sol";
import {TestToken} from "../../contracts/mocks/TestToken.sol";

/// @dev Deposits, posts, withdraws, and settles slot after slot: in one transaction, in parts, or not at all until void.
contract EnergyExchangeHandler is Test {
    int256 private constant LIMIT = 12;
    uint32 public constant TRADERS = 5;
    uint32 public constant NETWORK = 1;

    EnergyAccounts public immutable ACCOUNTS;
    EnergyExchange public immutable EXCHANGE;
    LargeBooks public immutable LARGE;
    TestToken public immutable TOKEN;
    uint32 public slot;
    uint256 public networkLeast;
    uint256 public settled;
    uint256 public traded;

    struct Order {
        uint32 account;
        bool isOffer;
        int256 tick;
        uint256 energyWh;
    }

    Order[] private _orders;

    constructor() {
        TOKEN = new TestToken("Euro", "EUR", 6);
        AccessManager manager = new AccessManager(address(this));
        ACCOUNTS = new EnergyAccounts(TOKEN, address(manager), 300, 5 days, 1);
        Link[] memory links = new Link[](1);
        Terms memory terms = Terms(ACCOUNTS, IBookReader(address(0)), NETWORK, 5_000, 6 hours, 3 days);
        EXCHANGE = new EnergyExchange(terms, links);
        LARGE = new LargeBooks(EXCHANGE);
        ACCOUNTS.connect(address(EXCHANGE), address(LARGE), address(this));
        TOKEN.mint(address(this), 1e15);
        TOKEN.approve(address(ACCOUNTS), 1e15);
        for (uint32 i = 1; i <= TRADERS; ++i) {
            ACCOUNTS.register(address(this), 0, 0);
            ACCOUNTS.deposit(i, 5_000);
        }
        vm.warp(1_800_000_000);
        slot = uint32(block.timestamp / 900) + 2;
        networkLeast = 5_000;
    }

    function deposit(uint32 account, uint256 amount) external {
        ACCOUNTS.deposit(uint32(bound(account, 1, TRADERS)), bound(amount, 1, 3_000));
    }

    function announce(uint32 account, uint64 amount) external {
        account = uint32(bound(account, 2, TRADERS));
        ACCOUNTS.announceWithdrawal(account, uint64(bound(amount, 0, ACCOUNTS.accountOf(account).balanceMicro)));
    }

    /// @dev Five days pass, everybody who announced is paid.
    function payOut() external {
        vm.warp(block.timestamp + 5 days);
        for (uint32 i = 2; i <= TRADERS; ++i) {
            if (ACCOUNTS.accountOf(i).flags & 2 == 0) continue;
            if (ACCOUNTS.reservedMicro(i, type(uint256).max) > ACCOUNTS.accountOf(i).balanceMicro) continue;
            try ACCOUNTS.withdraw(i) {} catch {}
        }
        _next();
    }

    function post(uint32 account, bool isOffer, int256 tick, uint256 energyWh) external {
        account = uint32(bound(account, 2, TRADERS));
        tick = int256(bound(uint256(tick), 0, uint256(2 * LIMIT))) - LIMIT;
        energyWh = bound(energyWh, 1, 60);
        int256 worst = (isOffer ? -tick : tick) * int256(energyWh);
        if (worst > int256(uint256(ACCOUNTS.accountOf(account).balanceMicro))) return;
        uint48 step = uint48((uint256(isOffer ? 1 : 0) << 47) | (uint256(tick + 16_384) << 32) | energyWh);
        ACCOUNTS.post(slot, account, step);
        _orders.push(Order(account, isOffer, tick, energyWh));
    }

    function settle() external {
        _closeGate();
        (bytes memory posted, int256 price) = _book();
        EXCHANGE.settle(slot, abi.encodePacked(int32(price)), "", posted);
        _done();
    }

    /// @dev The same through LargeBooks: one order a part.
    function settleInParts(bool finish) external {
        _closeGate();
        (, int256 price) = _book();
        ILargeBooks.Session memory s = _collect();
        if (!finish) {
            vm.warp(block.timestamp + 6 days);
            LARGE.abandon(abi.encode(s));
            for (uint256 i = 0; i < s.parts.length; ++i) _serveNext();
            _done();
            return;
        }
        bytes[] memory parts = new bytes[](s.parts.length);
        for (uint256 i = 0; i < parts.length; ++i) parts[i] = _core(_orders.length - 1 - i);
        LARGE.count(abi.encode(s), abi.encodePacked(int32(price)), 0, "", parts);
        for (uint256 i = 0; i < parts.length; ++i) _serveNext();
        _done();
    }

    // --- helpers ---

    function _closeGate() private {
        uint256 gate = uint256(slot) * 900 - 300;
        if (block.timestamp < gate) vm.warp(gate);
    }

    mapping(uint256 index => bool absent) private _absent;

    /// @dev The posted orders as given to a settlement, and the price a plain search finds.
    function _book() private returns (bytes memory posted, int256 price) {
        uint256[] memory spent = new uint256[](TRADERS + 1);
        for (uint256 i = _orders.length; i != 0;) {
            Order memory order = _orders[--i];
            uint256 worst = _worst(order);
            uint256 gate = uint256(slot) * 900 - 300;
            uint256 balance = ACCOUNTS.accountOf(order.account).balanceMicro;
            uint256 reserved = ACCOUNTS.reservedMicro(order.account, gate);
            balance = reserved < balance ? balance - reserved : 0;
            _absent[i] = worst > balance - spent[order.account];
            if (!_absent[i]) spent[order.account] += worst;
        }
        for (uint256 i = 0; i < _orders.length; ++i) posted = abi.encodePacked(posted, _entry(i));
        return (posted, _price());
    }

    function _worst(Order memory order) private pure returns (uint256) {
        int256 limit = order.isOffer ? -order.tick : order.tick;
        return limit > 0 ? uint256(limit) * order.energyWh : 0;
    }

    function _entry(uint256 i) private view returns (bytes memory) {
        Order memory order = _orders[i];
        uint48 step = uint48(
            (uint256(order.isOffer ? 1 : 0) << 47) | (uint256(order.tick + 16_384) << 32) | order.energyWh
        );
        return abi.encodePacked(uint8(0), order.account, step);
    }

    function _core(uint256 i) private view returns (bytes memory) {
        return abi.encodePacked(uint16(_absent[i] ? 0 : 1), _entry(i));
    }

    /// @dev Every price is tried: those that clear form the competitive interval.
    function _price() private returns (int256) {
        int256 low = type(int256).max;
        int256 high = 0;
        uint256 volume = 0;
        for (int256 p = -LIMIT - 1; p <= LIMIT + 1; ++p) {
            (uint256 above, uint256 demand, uint256 below, uint256 supply) = _sums(p);
            uint256 least = demand < supply ? demand : supply;
            if (least < (above > below ? above : below)) continue;
            if (low == type(int256).max) low = p;
            high = p;
            volume = least;
        }
        traded += volume;
        return low + int256(uint256(high - low) / 2);
    }

    function _sums(int256 p) private view returns (uint256 above, uint256 demand, uint256 below, uint256 supply) {
        for (uint256 i = 0; i < _orders.length; ++i) {
            Order memory order = _orders[i];
            if (_absent[i]) continue;
            if (order.isOffer) {
                if (order.tick < p) below += order.energyWh;
                if (order.tick <= p) supply += order.energyWh;
            } else {
                if (order.tick > p) above += order.energyWh;
                if (order.tick >= p) demand += order.energyWh;
            }
        }
    }

    function _collect() private returns (ILargeBooks.Session memory) {
        vm.recordLogs();
        LARGE.open(slot, 1, new bytes32[](0));
        bytes memory state = _lastState();
        for (uint256 i = _orders.length; i != 0;) {
            --i;
            uint256 before = 0;
            for (uint256 j = 0; j < i; ++j) before = _chain(before, j);
            LARGE.collectPosts(state, 0, before, _entry(i));
            state = _lastState();
        }
        if (_orders.length == 0) {
            LARGE.collectPosts(state, 0, 0, "");
            state = _lastState();
        }
        LARGE.collect(state, "", true);
        return abi.decode(_lastState(), (ILargeBooks.Session));
    }

    function _chain(uint256 head, uint256 i) private view returns (uint256) {
        Order memory order = _orders[i];
        uint48 step = uint48(
            (uint256(order.isOffer ? 1 : 0) << 47) | (uint256(order.tick + 16_384) << 32) | order.energyWh
        );
        return uint256(keccak256(abi.encodePacked(head, order.account, step))) >> 32;
    }

    function _serveNext() private {
        bytes memory state = _lastState();
        bytes[] memory one = new bytes[](1);
        one[0] = _core(abi.decode(state, (ILargeBooks.Session)).next);
        LARGE.serve(state, one);
    }

    bytes private _state;

    /// @dev State of the newest SessionMoved; logs are read once.
    function _lastState() private returns (bytes memory) {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i = logs.length; i != 0;) {
            if (logs[--i].topics[0] != ILargeBooks.SessionMoved.selector) continue;
            (, _state) = abi.decode(logs[i].data, (Stage, bytes));
            break;
        }
        return _state;
    }

    function _done() private {
        (BookStatus status, ) = EXCHANGE.bookOf(slot);
        if (status == BookStatus.Committed) ++settled;
        uint256 network = ACCOUNTS.accountOf(NETWORK).balanceMicro;
        assertEq(network >= networkLeast, true, "the network never pays");
        networkLeast = network;
        _next();
    }

    function _next() private {
        delete _orders;
        uint32 earliest = uint32(block.timestamp / 900) + 2;
        slot = slot + 1 > earliest ? slot + 1 : earliest;
    }
}

contract EnergyExchangeInvariantTest is Test {
    EnergyExchangeHandler private _handler;

    function setUp() external {
        _handler = new EnergyExchangeHandler();
        targetContract(address(_handler));
        bytes4[] memory selectors = new bytes4[](7);
        selectors[0] = EnergyExchangeHandler.deposit.selector;
        selectors[1] = EnergyExchangeHandler.announce.selector;
        selectors[2] = EnergyExchangeHandler.payOut.selector;
        selectors[3] = EnergyExchangeHandler.post.selector;
        selectors[4] = EnergyExchangeHandler.settle.selector;
        selectors[5] = EnergyExchangeHandler.settleInParts.selector;
        selectors[6] = EnergyExchangeHandler.post.selector;
        targetSelector(FuzzSelector(address(_handler), selectors));
    }

    /// @dev I5: balances, with the escrow's, are the tokens held, whatever was called in whatever order.
    function invariant_balancesAndEscrowAreTheTokensHeld() external view {
        uint256 sum = 0;
        for (uint32 i = 0; i <= _handler.TRADERS(); ++i) sum += _handler.ACCOUNTS().accountOf(i).balanceMicro;
        assertEq(sum, _handler.TOKEN().balanceOf(address(_handler.ACCOUNTS())), "balances + escrow = tokens");
    }

    /// @dev I9: between books nothing is left in escrow.
    function invariant_escrowIsEmptyBetweenBooks() external view {
        assertEq(_handler.ACCOUNTS().accountOf(0).balanceMicro, 0, "escrow");
    }

    /// @dev I1: without fees every unit paid is a unit earned.
    function invariant_withoutFeesTheNetworkEarnsNothingButDeposits() external view {
        assertEq(_handler.ACCOUNTS().accountOf(1).balanceMicro >= 5_000, true, "never pays");
    }
}
