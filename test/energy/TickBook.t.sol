// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Test, Vm} from "../utils/Test.sol";
import {TickBook} from "../../contracts/energy/TickBook.sol";
import {ITickBook} from "../../contracts/energy/interfaces/ITickBook.sol";
import {TestToken} from "../../contracts/mocks/TestToken.sol";

/// @dev Places, clears, claims, pays in and out at random; remembers what is still locked.
contract TickBookHandler is Test {
    TickBook public immutable BOOK;
    TestToken public immutable TOKEN;
    uint32 public constant ACCOUNTS = 5;
    uint256 public lockedMicro;
    uint256 public soldWh;
    uint256 public boughtWh;
    uint256 public clearedWh;
    uint32 private _slot;

    struct Open {
        uint32 slot;
        uint32 account;
        bool isOffer;
        uint256 lockMicro;
    }

    Open[] private _open;

    constructor() {
        TOKEN = new TestToken("Euro", "EUR", 6);
        BOOK = new TickBook(TOKEN, 16, -20, 5, 300, 5_000, 1);
        TOKEN.mint(address(this), 1e15);
        TOKEN.approve(address(BOOK), 1e15);
        for (uint32 i = 1; i <= ACCOUNTS; ++i) {
            BOOK.register();
            BOOK.deposit(i, 1e9);
        }
        vm.warp(1_800_000_000);
        _slot = uint32(block.timestamp / 900) + 2;
    }

    function place(uint32 account, bool isOffer, uint8 level, uint32 energyWh) external {
        account = uint32(bound(account, 1, ACCOUNTS));
        level = uint8(bound(level, 0, 15));
        energyWh = uint32(bound(energyWh, 1, 1_000));
        for (uint256 i = 0; i < _open.length; ++i) if (_open[i].account == account) return;
        int256 limit = -20 + int256(uint256(level)) * 5;
        if (isOffer) limit = -limit;
        uint256 lock = limit > 0 ? uint256(limit) * energyWh : 0;
        if (BOOK.accountOf(account).balanceMicro < lock) return;
        ITickBook.Placement[] memory orders = new ITickBook.Placement[](1);
        orders[0] = ITickBook.Placement(_slot, isOffer, level, energyWh);
        BOOK.place(account, orders);
        lockedMicro += lock;
        _open.push(Open(_slot, account, isOffer, lock));
    }

    /// @dev Closes the gate, clears, lets everybody claim.
    function finish() external {
        vm.warp(uint256(_slot) * 900 - 300);
        BOOK.clear(_slot);
        while (_open.length != 0) {
            Open memory order = _open[_open.length - 1];
            _open.pop();
            lockedMicro -= order.lockMicro;
            vm.recordLogs();
            BOOK.claim(order.slot, order.account);
            Vm.Log[] memory logs = vm.getRecordedLogs();
            uint256 fill = abi.decode(logs[0].data, (uint256));
            if (order.isOffer) soldWh += fill;
            else boughtWh += fill;
        }
        _slot += 2;
    }

    function withdraw(uint32 account, uint256 amount) external {
        account = uint32(bound(account, 1, ACCOUNTS));
        uint256 balance = BOOK.accountOf(account).balanceMicro;
        if (balance == 0) return;
        BOOK.withdraw(account, bound(amount, 1, balance));
    }

    function deposit(uint32 account, uint256 amount) external {
        BOOK.deposit(uint32(bound(account, 1, ACCOUNTS)), bound(amount, 1, 1e6));
    }

    function openOrders() external view returns (uint256) {
        return _open.length;
    }
}

contract TickBookInvariantTest is Test {
    TickBookHandler private _handler;

    function setUp() external {
        _handler = new TickBookHandler();
        targetContract(address(_handler));
        bytes4[] memory selectors = new bytes4[](4);
        selectors[0] = TickBookHandler.place.selector;
        selectors[1] = TickBookHandler.finish.selector;
        selectors[2] = TickBookHandler.withdraw.selector;
        selectors[3] = TickBookHandler.deposit.selector;
        targetSelector(FuzzSelector(address(_handler), selectors));
    }

    /// @dev I5: when nothing is open, balances are the tokens held; while orders are open, their locks make up the rest.
    function invariant_balancesAndLocksAreTheTokensHeld() external view {
        uint256 sum = _handler.lockedMicro();
        for (uint32 i = 1; i <= _handler.ACCOUNTS(); ++i) sum += _handler.BOOK().accountOf(i).balanceMicro;
        assertEq(sum, _handler.TOKEN().balanceOf(address(_handler.BOOK())), "balances + locks = tokens");
    }

    /// @dev I4: what was sold was bought.
    function invariant_energySoldIsEnergyBought() external view {
        assertEq(_handler.soldWh(), _handler.boughtWh(), "sold = bought");
    }
}
